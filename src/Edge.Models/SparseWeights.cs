using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models;

/// <summary>What a matrix, or each of a stack, keeps apart from its digits (outliers): where it is, and that it is
/// sound. What stays in memory is checked when it is bound; what streams when it is first used, as its digest vouches
/// for it from then on.</summary>
internal sealed unsafe class SparseWeights
{
    /// <summary>An entry has 16 bits for its column.</summary>
    public const long ColumnsMax = 1 << 16;

    private readonly GgufTensor _tensor;
    private readonly long _rows, _columns, _stackBytes;
    private readonly byte* _address;
    private readonly byte** _cell;
    private readonly int _cellStride;
    private readonly bool[] _sound;

    /// <summary>One that stays in memory.</summary>
    public SparseWeights(GgufTensor tensor, byte* address, long rows, long columns, int count, KernelSet kernels)
        : this(tensor, rows, columns, count, kernels) => _address = address;

    /// <summary>One that streams: the address of each matrix's stands in a cell while it is there.</summary>
    public SparseWeights(GgufTensor tensor, byte** cell, int cellStride, long rows, long columns, int count,
        KernelSet kernels) : this(tensor, rows, columns, count, kernels)
    {
        _cell = cell;
        _cellStride = cellStride;
    }

    private SparseWeights(GgufTensor tensor, long rows, long columns, int count, KernelSet kernels)
    {
        (_tensor, _rows, _columns, _sound) = (tensor, rows, columns, new bool[count]);
        _stackBytes = tensor.Bytes / count;
        Kernel = kernels.Sparse(tensor.Type);
        Format = FormatOf(tensor.Type);
    }

    public RowsKernel Kernel { get; }
    /// <summary>Of the values, as <see cref="SparseScalar"/> numbers it.</summary>
    public int Format { get; }
    /// <summary>Bytes of one matrix's.</summary>
    public long Bytes => _tensor.Columns * sizeof(uint);

    /// <summary>Types of matrices that may keep weights apart.</summary>
    public static bool MayHave(QuantType type) => type is QuantType.DIGITS4_G128 or QuantType.DIGITS3_G128
        or QuantType.DIGITS2_G128 or QuantType.DIGITS4_G32;

    public static int FormatOf(QuantType type) =>
        type == QuantType.SPARSE_F16 ? SparseScalar.F16 : SparseScalar.BF16;

    /// <summary>Where one matrix's are; null while they are absent.</summary>
    public byte* Of(int matrix) => _cell == null ? _address + matrix * _stackBytes : _cell[(long)matrix * _cellStride];

    /// <summary>Errors: GgufException for the first word that is not sound.</summary>
    public void RequireSound()
    {
        for (int i = 0; i < _sound.Length; i++)
            if (Problem((uint*)Of(i), _tensor.Columns, _rows, _columns, Format, out long at) is { } problem)
                throw new GgufException(Explain(i, problem), _tensor.Offset + i * _stackBytes + at * sizeof(uint));
    }

    /// <summary>Of one that streams, before it is used. Errors: WeightReadException.</summary>
    public void RequireThere(int matrix)
    {
        byte* words = Of(matrix);
        if (words == null) throw new InvalidOperationException("outliers are used before they are there: a bug");
        if (_sound[matrix]) return;
        if (Problem((uint*)words, _tensor.Columns, _rows, _columns, Format, out long at) is { } problem)
            throw new WeightReadException(ReadFailure.WrongChecksum,
                _tensor.Offset + matrix * _stackBytes + at * sizeof(uint), Explain(matrix, problem));
        _sound[matrix] = true;
    }

    /// <summary>Why <paramref name="count"/> words are not the outliers of a matrix, and the word; null when they
    /// are.</summary>
    public static string? Problem(uint* words, long count, long rows, long columns, int format, out long at)
    {
        at = 0;
        if (count <= rows) return $"has {count} words, too few for the starts of {rows} rows";
        uint next = (uint)(rows + 1);
        if (words[0] != next) return $"begins its entries at word {words[0]}, and should at {next}";
        for (at = 1; at <= rows; next = words[at++])
            if (words[at] < next || words[at] > count)
                return $"ends row {at - 1} at word {words[at]} of {next} to {count}";
        for (long r = 0; r < rows; r++)
        {
            long least = 0;
            for (at = words[r]; at < words[r + 1]; at++)
            {
                uint column = words[at] & 0xFFFF;
                if (column >= columns) return $"has an entry of row {r} in column {column} of {columns}";
                if (column < least) return $"has an entry of row {r} in column {column} behind column {least - 1}";
                least = column + 1;
                if (!float.IsFinite(SparseScalar.Value(words[at], format)))
                    return $"has a value of row {r} that is infinite or no number";
            }
        }
        for (at = words[rows]; at < count; at++)
            if (words[at] != 0) return $"has {words[at]:x8} behind its last entry";
        return null;
    }

    private string Explain(int matrix, string problem) =>
        $"tensor '{_tensor.Name}', matrix {matrix}, {problem}; the file is damaged, pack the model again";
}
