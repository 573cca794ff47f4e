namespace Edge.Models;

/// <summary>How long one thread takes to bring activations into the form that integer kernels read.</summary>
public sealed record PreparationSpeed(string Family, string Variant, long Columns, Spread NsPerActivation);
