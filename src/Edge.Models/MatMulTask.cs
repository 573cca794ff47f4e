using Edge.Kernels;

namespace Edge.Models;

/// <summary>One matrix of a pass over the worker pool.</summary>
internal unsafe struct MatMulTask
{
    public RowsKernel Kernel;
    public byte* Weights;
    public byte* X;
    public float* Y;
    public long Columns;
    public long Rows;
    public long Tokens;
    public long YStride;

    /// <summary>Tiles of eight rows: what threads share out, packed or not.</summary>
    public readonly long TileCount => (Rows + Tiles.Rows - 1) / Tiles.Rows;

    public readonly void Run(long fromTile, long toTile) => Kernel(
        Weights, X, Y, Columns, fromTile * Tiles.Rows, Math.Min(toTile * Tiles.Rows, Rows), Tokens, YStride);
}
