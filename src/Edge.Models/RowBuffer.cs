using Edge.Kernels;

namespace Edge.Models;

/// <summary>A vector per row of the batch, and, where matrices read it, the same in int8.</summary>
/// <param name="Data">float[rows][Width].</param>
/// <param name="Prepared">Int8 activations (layout: <see cref="Tiles"/>), or null where no integer kernel reads it.</param>
/// <param name="Width">Floats of one row.</param>
internal readonly unsafe struct RowBuffer(float* data, byte* prepared, int width)
{
    public readonly float* Data = data;
    public readonly byte* Prepared = prepared;
    public readonly int Width = width;

    public float* Row(int row) => Data + (long)row * Width;
    public byte* PreparedRow(int row) => Prepared + row * Tiles.ActivationBytes(Width);
}
