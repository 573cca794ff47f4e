namespace Edge.Weights;

/// <summary>A slice that can be brought: its ranges stand one after the other in a slot of class
/// <paramref name="Class"/>.</summary>
public sealed record SliceRanges(int Class, IReadOnlyList<ByteRange> Ranges)
{
    /// <summary>A slice without bytes: always there.</summary>
    public static SliceRanges None { get; } = new(0, []);

    public long Bytes => Ranges.Sum(range => range.Bytes);
    public long SlotBytes => Ranges.Sum(range => range.SlotBytes);
}
