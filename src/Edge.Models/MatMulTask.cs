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
    public long TileRows;

    /// <summary>What threads share out.</summary>
    public readonly long TileCount => (Rows + TileRows - 1) / TileRows;

    public readonly void Run(long fromTile, long toTile) => Kernel(
        Weights, X, Y, Columns, fromTile * TileRows, Math.Min(toTile * TileRows, Rows), Tokens, YStride);
}
