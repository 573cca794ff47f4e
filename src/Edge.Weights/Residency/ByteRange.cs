namespace Edge.Weights;

/// <summary>A run of bytes of the file, from a page on, with the <see cref="Checksum"/> that it must have; null: it has
/// none.</summary>
public readonly record struct ByteRange(long Offset, long Bytes, ulong? Digest)
{
    /// <summary>Brings the bytes that came, at an address, into the form in which they are used, in place; false: they
    /// are no weights. Null: they are used as they came. Called by a lane.</summary>
    public Func<nint, bool>? Arrange { get; init; }

    /// <summary>What it takes in a slot: whole pages.</summary>
    public long SlotBytes => (Bytes + StorageFile.Alignment - 1) / StorageFile.Alignment * StorageFile.Alignment;
}
