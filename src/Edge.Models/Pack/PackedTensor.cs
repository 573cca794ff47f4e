namespace Edge.Models.Pack;

/// <summary>One tensor of a packed model, and what packing cost it.</summary>
/// <param name="Rows">Of all matrices of a stack together.</param>
/// <param name="RelativeError">Root of Σ(w − w')² / Σw²; 0 where nothing was rounded.</param>
/// <param name="MaxError">Largest |w − w'|, as a part of the tensor's largest |w|.</param>
/// <param name="OutputError">As RelativeError, each column weighted by its mean squared activation: the relative error
/// of what the matrix computes. The same as RelativeError without a calibration text.</param>
/// <param name="Note">Why the type is another one than was asked for; null where it is not.</param>
public sealed record PackedTensor(
    string Name, string From, string To, long Rows, long Columns, long Bytes, double RelativeError, double MaxError,
        double OutputError,
        string? Note)
{
    /// <summary>Share of the weights that is kept apart, in the tensor NAME.outliers.</summary>
    public double OutlierShare { get; init; }
}
