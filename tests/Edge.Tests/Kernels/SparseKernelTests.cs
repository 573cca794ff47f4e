using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>What a matrix keeps apart, multiplied: against float64, bit for bit between the sets, and however rows and
/// tokens are shared out. The twins' equality over edge cases is the conformance driver's.</summary>
public sealed unsafe class SparseKernelTests
{
    private static readonly (int Rows, int Columns, double Share)[] Shapes =
        [(1, 1, 1), (16, 128, 0.0045), (37, 256, 0.05), (64, 1024, 0.0045), (9, 65536, 0.001), (5, 300, 0)];

    public static TheoryData<string, QuantType> Cases()
    {
        var cases = new TheoryData<string, QuantType>();
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
            foreach (QuantType type in (QuantType[])[QuantType.SPARSE_F16, QuantType.SPARSE_BF16])
                cases.Add(set.Name, type);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_RandomEntries_AddTheProductInFloat64(string set, QuantType type)
    {
        foreach ((int rows, int columns, double share) in Shapes)
        {
            uint[] words = Words(rows, columns, share, type, new Random(rows));
            for (int tokens = 1; tokens <= 9; tokens += 4)
            {
                float[] x = Floats(tokens * columns, 3), y = Floats(tokens * rows, 4);
                float[] before = [.. y];
                Run(set, type, words, x, y, columns, 0, rows, tokens, rows);
                for (int t = 0; t < tokens; t++)
                    for (int r = 0; r < rows; r++)
                    {
                        double sum = before[t * rows + r], size = Math.Abs(sum);
                        for (uint i = words[r]; i < words[r + 1]; i++)
                        {
                            double product = (double)Value(words[i], type) * x[t * columns + (words[i] & 0xFFFF)];
                            (sum, size) = (sum + product, size + Math.Abs(product));
                        }
                        Assert.Equal(sum, y[t * rows + r], size * Math.Pow(2, -20) + 1e-30);
                    }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_HoweverSharedOut_GiveTheBitsOfScalar(string set, QuantType type)
    {
        foreach ((int rows, int columns, double share) in Shapes)
        {
            uint[] words = Words(rows, columns, share, type, new Random(rows + 1));
            const int Tokens = 7, Gap = 3;
            int stride = rows + Gap;
            float[] x = Floats(Tokens * columns, 5), start = Floats(Tokens * stride, 6);
            float[] expected = [.. start], whole = [.. start], parts = [.. start];
            Run("scalar", type, words, x, expected, columns, 0, rows, Tokens, stride);
            Run(set, type, words, x, whole, columns, 0, rows, Tokens, stride);
            for (int r = 0; r < rows; r += 5)
                for (int t = 0; t < Tokens; t++)
                    Run(set, type, words, x.AsSpan(t * columns), parts.AsSpan(t * stride), columns, r,
                        Math.Min(rows, r + 5), 1, stride);
            Assert.Equal(expected, whole);
            Assert.Equal(expected, parts);
            if (words[rows] > rows + 1) Assert.NotEqual(start, whole);
            else Assert.Equal(start, whole);
        }
    }

    private static void Run(string set, QuantType type, uint[] words, Span<float> x, Span<float> y, int columns,
        int row0, int row1, int tokens, int stride)
    {
        RowsKernel kernel = KernelSet.Choose(set).Sparse(type);
        fixed (uint* w = words)
        fixed (float* from = x, to = y)
            kernel((byte*)w, (byte*)from, to, columns, row0, row1, tokens, stride);
    }

    /// <summary>About that share of a matrix's places, each by chance.</summary>
    private static uint[] Words(int rows, int columns, double share, QuantType type, Random random)
    {
        var starts = new List<uint>();
        var entries = new List<uint>();
        for (int r = 0; r < rows; r++)
        {
            starts.Add((uint)(rows + 1 + entries.Count));
            for (int c = 0; c < columns; c++)
            {
                if (random.NextDouble() >= share) continue;
                float value = (float)((random.NextDouble() * 2 - 1) * Math.Pow(10, random.Next(-6, 4)));
                uint bits = type == QuantType.SPARSE_F16 ? FloatScalar.ToF16(value)
                    : BitConverter.SingleToUInt32Bits(value) >> 16;
                entries.Add(bits << 16 | (uint)c);
            }
        }
        starts.Add((uint)(rows + 1 + entries.Count));
        uint[] words = [.. starts, .. entries];
        fixed (uint* w = words)
            Assert.Null(SparseWeights.Problem(w, words.Length, rows, columns, SparseWeights.FormatOf(type), out _));
        return words;
    }

    private static double Value(uint entry, QuantType type) => type == QuantType.SPARSE_F16
        ? (double)BitConverter.UInt16BitsToHalf((ushort)(entry >> 16))
        : BitConverter.UInt32BitsToSingle(entry & 0xFFFF0000);

    private static float[] Floats(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }
}
