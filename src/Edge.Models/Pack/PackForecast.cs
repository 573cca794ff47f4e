namespace Edge.Models.Pack;

/// <summary>The size that a packed file will have, and its tensors.</summary>
public sealed record PackForecast(long FileBytes, IReadOnlyList<PackedTensor> Tensors)
{
    /// <summary>What of the model is not packed, a sentence each.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}
