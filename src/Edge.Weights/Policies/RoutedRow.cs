namespace Edge.Weights.Policies;

/// <summary>What one row (a token of a sequence) chose in one layer. The spans are the caller's and hold only during
/// the call.</summary>
public readonly ref struct RoutedRow
{
    /// <summary>Rows of the sequence before this one.</summary>
    public required long Token { get; init; }
    public required int Layer { get; init; }
    /// <summary>int[used], best first.</summary>
    public required ReadOnlySpan<int> Experts { get; init; }
    /// <summary>float[used]: gate weights of the chosen experts.</summary>
    public required ReadOnlySpan<float> Weights { get; init; }
    /// <summary>float[experts]: the router's probabilities, softmax over all experts; empty when unknown.</summary>
    public ReadOnlySpan<float> Scores { get; init; }
    /// <summary>SliceSet[used]: what the row wants of each chosen expert; empty means both slices of all.</summary>
    public ReadOnlySpan<SliceSet> Wanted { get; init; }

    public SliceSet WantedOf(int choice) => Wanted.IsEmpty ? SliceSet.Both : Wanted[choice];
}
