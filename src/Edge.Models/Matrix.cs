using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>A bound matrix, or a stack of them (experts): where it is, how it is laid out and which kernel reads
/// it.
/// <para>A matrix of nested digits has two planes, each a run of bytes per matrix of the stack: <see cref="Weights"/>
/// (HI, with the scales) and <see cref="Low"/> (LO). HI runs alone when Low is null: <c>matrix.Coarse</c>, or an expert
/// of which a cache holds no more. Both readings have one activation
/// format and one tiling, so that the choice may be made anew for every call.</para></summary>
internal readonly unsafe struct Matrix
{
    public required byte* Weights { get; init; }
    public required long Rows { get; init; }
    public required long Columns { get; init; }
    /// <summary>Bytes from one matrix of a stack to the next; 0 when there is one.</summary>
    public required long StackBytes { get; init; }
    public required QuantType Type { get; init; }
    /// <summary>The tiles that the kernel reads; null: rows as the file has them, read with float
    /// activations.</summary>
    public required TileLayout? Layout { get; init; }
    public required RowsKernel Kernel { get; init; }
    /// <summary>Bytes that one pass over one matrix reads.</summary>
    public required long Bytes { get; init; }
    /// <summary>The second plane; null: there is none, or it is not at hand.</summary>
    public byte* Low { get; init; }
    /// <summary>As <see cref="StackBytes"/> and <see cref="Bytes"/>, of the second plane alone.</summary>
    public long LowStackBytes { get; init; }
    public long LowBytes { get; init; }
    /// <summary>Reads both planes; null where there is one.</summary>
    public PlanesKernel Planes { get; init; }

    /// <summary>The first plane alone: the whole matrix where there is one.</summary>
    public Matrix Coarse => this with { Low = null, Bytes = Low == null ? Bytes : Bytes - LowBytes };

    public ActivationFormat Activations => Layout?.Activations ?? ActivationFormat.Floats;

    /// <summary>Rows of one tile; rows that stand alone are shared out by eight.</summary>
    public int TileRows => Layout?.Rows ?? Tiles.Rows;

    /// <summary>One matrix of a stack.</summary>
    public Matrix this[int expert] => this with
    {
        Weights = Weights + expert * StackBytes,
        Low = Low == null ? null : Low + expert * LowStackBytes,
    };

    /// <summary>Writes row <paramref name="row"/> as float32, for look-ups.</summary>
    public void DecodeRow(long row, float* y)
    {
        if (Layout is null)
            FloatScalar.Decode(Weights + row * QuantTypes.RowBytes(Type, Columns), y, Columns, (int)Type);
        else if (Low != null)
            Nested4Scalar.Decode(Weights, Low, y, Columns, row);
        else
            Layout.Decode(Weights, y, Columns, row);
    }
}
