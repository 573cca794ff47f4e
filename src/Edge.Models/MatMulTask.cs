namespace Edge.Models;

/// <summary>One matrix of a pass over the worker pool.</summary>
internal unsafe struct MatMulTask
{
    public RowsKernel Kernel;
    public PlanesKernel Planes;
    public byte* Weights;
    /// <summary>The second plane, for Planes; null: Kernel runs.</summary>
    public byte* Low;
    public byte* X;
    public float* Y;
    public long Columns;
    public long Rows;
    public long Tokens;
    public long YStride;
    public long TileRows;

    /// <summary>What threads share out.</summary>
    public readonly long TileCount => (Rows + TileRows - 1) / TileRows;

    public readonly void Run(long fromTile, long toTile)
    {
        long first = fromTile * TileRows, end = Math.Min(toTile * TileRows, Rows);
        if (Low != null) Planes(Weights, Low, X, Y, Columns, first, end, Tokens, YStride);
        else Kernel(Weights, X, Y, Columns, first, end, Tokens, YStride);
    }
}
