using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>A bound matrix, or a stack of them (experts): where it is, how it is laid out and which kernel reads it.</summary>
internal readonly unsafe struct Matrix
{
    public required byte* Weights { get; init; }
    public required long Rows { get; init; }
    public required long Columns { get; init; }
    /// <summary>Bytes from one matrix of a stack to the next; 0 when there is one.</summary>
    public required long StackBytes { get; init; }
    public required QuantType Type { get; init; }
    /// <summary>In tiles, and read with int8 activations.</summary>
    public required bool Packed { get; init; }
    public required RowsKernel Kernel { get; init; }
    /// <summary>Bytes that one pass over one matrix reads.</summary>
    public required long Bytes { get; init; }

    /// <summary>One matrix of a stack.</summary>
    public Matrix this[int expert] => this with { Weights = Weights + expert * StackBytes };

    /// <summary>Writes row <paramref name="row"/> as float32, for look-ups.</summary>
    public void DecodeRow(long row, float* y)
    {
        if (!Packed) FloatScalar.Decode(Weights + row * QuantTypes.RowBytes(Type, Columns), y, Columns, (int)Type);
        else if (Type == QuantType.Q8_0) Q8_0Scalar.Decode(Weights, y, Columns, row);
        else Q4_0Scalar.Decode(Weights, y, Columns, row);
    }
}
