namespace Edge.Models.Pack;

/// <summary>The size that a packed file will have, and its tensors.</summary>
public sealed record PackForecast(long FileBytes, IReadOnlyList<PackedTensor> Tensors);
