namespace Edge.Weights;

/// <summary>A run of bytes of the file, from anywhere on, with the <see cref="Checksum"/> that it must have; null: it
/// has none. Whole pages are read: those that it touches.</summary>
public readonly record struct ByteRange(long Offset, long Bytes, ulong? Digest)
{
    /// <summary>Brings the bytes that came, at an address, into the form in which they are used, in place; false: they
    /// are no weights. Null: they are used as they came. Called by a lane.</summary>
    public Func<nint, bool>? Arrange { get; init; }

    /// <summary>The bytes must begin on a page, before they are arranged or used: where the file has them inside one,
    /// they are moved when they have come.</summary>
    public bool BeginsOnPage { get; init; }

    /// <summary>Where its first page begins in the file.</summary>
    public long FirstPage => Offset & -StorageFile.Alignment;

    /// <summary>Bytes of its first page that stand before it.</summary>
    public int Skip => (int)(Offset - FirstPage);

    /// <summary>What it takes in a slot: whole pages.</summary>
    public long SlotBytes =>
        (Skip + Bytes + StorageFile.Alignment - 1) / StorageFile.Alignment * StorageFile.Alignment;
}
