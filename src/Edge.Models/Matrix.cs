using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models;

/// <summary>A bound matrix, or a stack of them (experts): where it is, how it is laid out and which kernel reads
/// it.
/// <para>A matrix of nested digits has two planes, each a run of bytes per matrix of the stack: <see cref="Weights"/>
/// (HI, with the scales) and <see cref="Low"/> (LO). HI runs alone when Low is null: <c>matrix.Coarse</c>, or an expert
/// of which a cache holds no more. Both readings have one activation
/// format and one tiling, so that the choice may be made anew for every call.</para></summary>
internal readonly unsafe struct Matrix
{
    private readonly byte* _weights, _low;

    /// <summary>Where it is: always the same place, or, when it is streamed, where it is now; null while it is
    /// absent.</summary>
    public required byte* Weights
    {
        get => Cell == null ? _weights : *Cell;
        init => _weights = value;
    }

    /// <summary>Where the address of a streamed matrix stands; null for any other.</summary>
    public byte** Cell { get; init; }
    /// <summary>Cells from one matrix of a streamed stack to the next.</summary>
    public int CellStride { get; init; }
    /// <summary>The unit of the window to which it belongs, or, where experts stream, their layer, counted from 1; 0:
    /// none.</summary>
    public int StreamedUnit { get; init; }
    /// <summary>Brings rows of a table that stays in the file.</summary>
    public RowReader? Reader { get; init; }

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
    public byte* Low
    {
        get => LowCell == null ? _low : *LowCell;
        init => _low = value;
    }

    /// <summary>Where the address of a streamed second plane stands.</summary>
    public byte** LowCell { get; init; }
    /// <summary>As <see cref="StackBytes"/> and <see cref="Bytes"/>, of the second plane alone.</summary>
    public long LowStackBytes { get; init; }
    public long LowBytes { get; init; }
    /// <summary>Reads both planes; null where there is one.</summary>
    public PlanesKernel Planes { get; init; }

    /// <summary>Weights that are kept apart from the digits; null: none are.</summary>
    public SparseWeights? Sparse { get; init; }
    /// <summary>Which matrix of the stack this is, for Sparse.</summary>
    public int SparseIndex { get; init; }

    /// <summary>The first plane alone: the whole matrix where there is one.</summary>
    public Matrix Coarse => this with { Low = null, LowCell = null, Bytes = Low == null ? Bytes : Bytes - LowBytes };

    public ActivationFormat Activations => Layout?.Activations ?? ActivationFormat.Floats;

    /// <summary>Rows of one tile; rows that stand alone are shared out by eight.</summary>
    public int TileRows => Layout is { Rows: > 1 } ? Layout.Rows : Tiles.Rows;

    /// <summary>The matrices of a stack that are tensors of their own; null: they lie one after another.</summary>
    public Matrix[]? Parts { get; init; }

    /// <summary>One matrix of a stack.</summary>
    public Matrix this[int expert] => Parts is not null ? Parts[expert] : this with
    {
        Weights = _weights + expert * StackBytes,
        Cell = Cell == null ? null : Cell + (long)expert * CellStride,
        Low = _low == null ? null : _low + expert * LowStackBytes,
        LowCell = LowCell == null ? null : LowCell + (long)expert * CellStride,
        SparseIndex = expert,
    };

    /// <summary>Writes row <paramref name="row"/> as float32, for look-ups.</summary>
    public void DecodeRow(long row, float* y)
    {
        if (Reader is not null)
            FloatScalar.Decode(Reader.Row(row), y, Columns, (int)Type);
        else if (Layout is null)
            FloatScalar.Decode(Weights + row * QuantTypes.RowBytes(Type, Columns), y, Columns, (int)Type);
        else if (Low != null)
            Nested4Scalar.Decode(Weights, Low, y, Columns, row);
        else
            Layout.DecodeRow(Weights, y, Columns, row);
        if (Sparse is not null) SparseScalar.AddRow(Sparse.Of(SparseIndex), y, row, Sparse.Format);
    }
}
