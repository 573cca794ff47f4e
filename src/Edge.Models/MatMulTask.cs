using System.Runtime.CompilerServices;

namespace Edge.Models;

/// <summary>One matrix of a pass over the worker pool.</summary>
internal unsafe struct MatMulTask
{
    /// <summary>Rows of the largest tile.</summary>
    private const int RowsMax = 32;

    public RowsKernel Kernel;
    public PlanesKernel Planes;
    public byte* Weights;
    /// <summary>The second plane, for Planes; null: Kernel runs.</summary>
    public byte* Low;
    public byte* X;
    /// <summary>The tokens' split units (<see cref="Outliers"/>), or null.</summary>
    public byte* Split;
    /// <summary>Adds what the matrix keeps apart (Outliers), with the activations as they are (Floats).</summary>
    public RowsKernel Sparse;
    public byte* Outliers;
    public byte* Floats;
    public TileLayout? Layout;
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
        if (Split != null) AddSplits(fromTile, toTile);
        if (Outliers != null) Sparse(Outliers, Floats, Y, Columns, first, end, Tokens, YStride);
    }

    private readonly void AddSplits(long fromTile, long toTile)
    {
        long bytes = Models.Outliers.Bytes(Layout!.Activations);
        for (long t = 0; t < Tokens; t++)
            if (*(int*)(Split + t * bytes) != 0) AddSplit(Split + t * bytes, Y + t * YStride, fromTile, toTile);
    }

    /// <summary>Adds what the split units of one token give: each is a row of one unit, for the part of a tile that has
    /// its columns.</summary>
    [SkipLocalsInit]
    private readonly void AddSplit(byte* split, float* y, long fromTile, long toTile)
    {
        int unit = Models.Outliers.Unit(Layout!.Activations), count = *(int*)split;
        long units = Columns / unit, bytes = Layout.Bytes(TileRows, unit), rowBytes = PreparedRows.Bytes(
            Layout.Activations, unit);
        long lowBytes = Low == null ? 0 : TileRows * unit / 4;
        float* sums = stackalloc float[RowsMax];
        for (long tile = fromTile; tile < toTile; tile++)
        {
            long rows = Math.Min(TileRows, Rows - tile * TileRows);
            float* to = y + tile * TileRows;
            for (int i = 0; i < count; i++)
            {
                long part = tile * units + ((int*)split)[1 + i];
                byte* x = split + Models.Outliers.HeaderBytes + i * rowBytes, w = Weights + part * bytes;
                if (Low != null) Planes(w, Low + part * lowBytes, x, sums, unit, 0, rows, 1, rows);
                else Kernel(w, x, sums, unit, 0, rows, 1, rows);
                for (long r = 0; r < rows; r++) to[r] += sums[r];
            }
        }
    }
}
