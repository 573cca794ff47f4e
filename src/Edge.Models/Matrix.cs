using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>A bound matrix, or a stack of them (experts): where it is, how it is laid out and which kernel reads
/// it.</summary>
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

    public ActivationFormat Activations => Layout?.Activations ?? ActivationFormat.Floats;

    /// <summary>Rows of one tile; rows that stand alone are shared out by eight.</summary>
    public int TileRows => Layout is { Rows: > 1 } ? Layout.Rows : Tiles.Rows;

    /// <summary>One matrix of a stack.</summary>
    public Matrix this[int expert] => this with { Weights = Weights + expert * StackBytes };

    /// <summary>Writes row <paramref name="row"/> as float32, for look-ups.</summary>
    public void DecodeRow(long row, float* y)
    {
        if (Layout is null)
            FloatScalar.Decode(Weights + row * QuantTypes.RowBytes(Type, Columns), y, Columns, (int)Type);
        else
            Layout.DecodeRow(Weights, y, Columns, row);
    }
}
