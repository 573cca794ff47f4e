namespace Edge.Models;

/// <summary>A vector per row of the batch, and, where matrices read it, the same prepared.</summary>
/// <param name="Data">float[rows][Width].</param>
/// <param name="Prepared">In the formats that integer kernels read.</param>
/// <param name="Width">Floats of one row.</param>
internal readonly unsafe struct RowBuffer(float* data, PreparedRows prepared, int width)
{
    public readonly float* Data = data;
    public readonly PreparedRows Prepared = prepared;
    public readonly int Width = width;

    public float* Row(int row) => Data + (long)row * Width;

    /// <summary>What a kernel of that format reads, from <paramref name="row"/> on.</summary>
    public byte* Operand(ActivationFormat format, int row) =>
        format == ActivationFormat.Floats ? (byte*)Row(row) : Prepared.Row(format, row, Width);

    /// <summary>The units of that row on that stand apart; null where a format has none.</summary>
    public byte* Split(ActivationFormat format, int row) => Prepared.Split(format, row);
}
