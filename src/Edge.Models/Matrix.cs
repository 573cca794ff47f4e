using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models;

/// <summary>A bound matrix, or a stack of them (experts): where it is, how it is laid out and which kernel reads
/// it.</summary>
internal readonly unsafe struct Matrix
{
    private readonly byte* _weights;

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
    /// <summary>The layer to which it belongs, counted from 1, when layers or experts stream; else 0.</summary>
    public int StreamedLayer { get; init; }
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

    public ActivationFormat Activations => Layout?.Activations ?? ActivationFormat.Floats;

    /// <summary>Rows of one tile; rows that stand alone are shared out by eight.</summary>
    public int TileRows => Layout is { Rows: > 1 } ? Layout.Rows : Tiles.Rows;

    /// <summary>One matrix of a stack.</summary>
    public Matrix this[int expert] => Cell == null
        ? this with { Weights = _weights + expert * StackBytes }
        : this with { Cell = Cell + (long)expert * CellStride };

    /// <summary>Writes row <paramref name="row"/> as float32, for look-ups.</summary>
    public void DecodeRow(long row, float* y)
    {
        if (Reader is not null)
            FloatScalar.Decode(Reader.Row(row), y, Columns, (int)Type);
        else if (Layout is null)
            FloatScalar.Decode(Weights + row * QuantTypes.RowBytes(Type, Columns), y, Columns, (int)Type);
        else
            Layout.DecodeRow(Weights, y, Columns, row);
    }
}
