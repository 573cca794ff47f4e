using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>Matrix kernels of every set that this CPU runs, against Scalar, and Scalar against double arithmetic on the
/// file's own bytes. A new row of the table is tested without new code.</summary>
public unsafe class MatrixKernelTests
{
    private static readonly QuantType[] AllTypes =
        [QuantType.F32, QuantType.F16, QuantType.BF16, QuantType.Q8_0, QuantType.Q4_0];

    private static readonly QuantType[] TiledTypes =
        [QuantType.Q8_0, QuantType.Q4_0, .. QuantTypes.Rows.Select(row => row.Id)
            .Where(type => QuantTypes.Of(type) is { IsPacked: true, IsSparse: false } && type != QuantType.NESTED4_LO)];

    public enum Values { Zeros, Extremes, Random }

    public static TheoryData<string, QuantType, Values> Cases() => Cases(AllTypes);
    public static TheoryData<string, QuantType, Values> TiledCases() => Cases(TiledTypes);

    private static TheoryData<string, QuantType, Values> Cases(QuantType[] types)
    {
        var cases = new TheoryData<string, QuantType, Values>();
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            foreach (QuantType type in types)
            {
                foreach (Values values in Enum.GetValues<Values>()) cases.Add(set.Name, type, values);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RowsInPlace_AnyShape_MatchesDefinition(string name, QuantType type, Values values)
    {
        RowsKernel kernel = KernelSet.Choose(name).InPlace(type);
        int odd = QuantTypes.Of(type).BlockElements == 1 ? 37 : 96;
        foreach (int columns in (int[])[32, odd, 288])
        {
            foreach (int rows in (int[])[1, 7, 24])
            {
                foreach (int tokens in (int[])[1, 2, 3, 7, 64])
                {
                    using var w = new NativeBytes(QuantTypes.RowBytes(type, columns) * rows);
                    using var x = new NativeBytes(4L * columns * tokens);
                    using var y = new NativeBytes(4L * rows * tokens, 0xFF);
                    Matrices.FillWeights(w.Span, type, values, columns + rows);
                    Matrices.FillActivations(x.FloatSpan, values, tokens);
                    kernel(w.Pointer, x.Pointer, y.Floats, columns, 0, rows, tokens, rows);
                    RequireWithinBound(type, w, x, y, columns, rows, tokens);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(TiledCases))]
    public void RowsTiled_AnyShape_MatchesScalarToTheBit(string name, QuantType type, Values values)
    {
        // Other tiles: see Digits2Lut.
        if (KernelSet.Choose(name).Layout(type) != KernelSet.Choose("scalar").Layout(type)) return;
        RowsKernel kernel = KernelSet.Choose(name).Tiled(type), scalar = KernelSet.Choose("scalar").Tiled(type);
        int block = QuantTypes.Of(type).BlockElements;
        foreach (int columns in (int[])[block, 3 * block, 9 * block, 25 * block])
        {
            foreach (int rows in (int[])[1, 7, 8, 21, 45])
            {
                using NativeBytes tiles = Matrices.Tile(type, values, columns, rows);
                foreach (int tokens in (int[])[1, 2, 3, 7, 17])
                {
                    using NativeBytes q = Matrices.Prepare(values, columns, tokens, type);
                    using var y = new NativeBytes(4L * rows * tokens, 0xFF);
                    using var expected = new NativeBytes(4L * rows * tokens, 0xFF);
                    kernel(tiles.Pointer, q.Pointer, y.Floats, columns, 0, rows, tokens, rows);
                    scalar(tiles.Pointer, q.Pointer, expected.Floats, columns, 0, rows, tokens, rows);
                    Assert.True(expected.Span.SequenceEqual(y.Span),
                        $"{rows}×{columns}, {tokens} tokens: {y.Floats[0]:R}, Scalar gives {expected.Floats[0]:R}");
                    if (values == Values.Random)
                        Assert.True(y.FloatSpan.ToArray().Distinct().Count() > rows * tokens / 2);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(TiledCases))]
    public void RowsTiled_RowRange_WritesOnlyItsRows(string name, QuantType type, Values values)
    {
        TileLayout layout = KernelSet.Choose(name).Layout(type)!;
        if (layout != KernelSet.Choose("scalar").Layout(type) || values != Values.Random) return;
        RowsKernel kernel = KernelSet.Choose(name).Tiled(type);
        int columns = 2 * QuantTypes.Of(type).BlockElements, cut = 2 * layout.Rows, rows = cut + 13;
        using NativeBytes tiles = Matrices.Tile(type, values, columns, rows);
        using NativeBytes q = Matrices.Prepare(values, columns, 5, type);
        using var whole = new NativeBytes(4 * rows * 5);
        using var parts = new NativeBytes(4 * rows * 5);
        kernel(tiles.Pointer, q.Pointer, whole.Floats, columns, 0, rows, 5, rows);
        kernel(tiles.Pointer, q.Pointer, parts.Floats, columns, cut, rows, 5, rows);
        Assert.All(Enumerable.Range(0, 5), t =>
            Assert.All(Enumerable.Range(0, cut), r => Assert.Equal(0, parts.Floats[t * rows + r])));
        kernel(tiles.Pointer, q.Pointer, parts.Floats, columns, 0, cut, 5, rows);
        Assert.True(whole.Span.SequenceEqual(parts.Span));
    }

    [Theory]
    [InlineData(QuantType.Q8_0)]
    [InlineData(QuantType.Q4_0)]
    public void ScalarTiled_Random_MatchesDoubleArithmeticOnTheFile(QuantType type)
    {
        const int Columns = 160, Rows = 19, Tokens = 3;
        using var w = new NativeBytes(QuantTypes.RowBytes(type, Columns) * Rows);
        Matrices.FillWeights(w.Span, type, Values.Random, Columns + Rows);
        using NativeBytes tiles = Matrices.Tile(type, Values.Random, Columns, Rows);
        using NativeBytes q = Matrices.Prepare(Values.Random, Columns, Tokens);
        using var y = new NativeBytes(4 * Rows * Tokens);
        KernelSet.Choose("scalar").Tiled(type)(tiles.Pointer, q.Pointer, y.Floats, Columns, 0, Rows, Tokens, Rows);
        for (int t = 0; t < Tokens; t++)
        {
            byte* token = q.Pointer + t * Tiles.ActivationBytes(Columns);
            float* scales = (float*)(token + Columns);
            for (int r = 0; r < Rows; r++)
            {
                double sum = 0, magnitude = 0;
                for (int c = 0; c < Columns; c++)
                {
                    double activation = (sbyte)token[c] * (double)scales[c / 32];
                    double product = Matrices.Weight(w.Span, type, Columns, r, c) * activation;
                    sum += product;
                    magnitude += Math.Abs(product);
                }
                Assert.InRange(y.Floats[t * Rows + r], sum - magnitude * 1e-6, sum + magnitude * 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(QuantType.Q8_0)]
    [InlineData(QuantType.Q4_0)]
    public void Decode_TiledRow_GivesTheFilesWeights(QuantType type)
    {
        const int Columns = 64, Rows = 11;
        using var w = new NativeBytes(QuantTypes.RowBytes(type, Columns) * Rows);
        Matrices.FillWeights(w.Span, type, Values.Random, Columns + Rows);
        using NativeBytes tiles = Matrices.Tile(type, Values.Random, Columns, Rows);
        using var row = new NativeBytes(4 * Columns);
        for (int r = 0; r < Rows; r++)
        {
            if (type == QuantType.Q8_0) Q8_0Scalar.Decode(tiles.Pointer, row.Floats, Columns, r);
            else Q4_0Scalar.Decode(tiles.Pointer, row.Floats, Columns, r);
            for (int c = 0; c < Columns; c++)
                Assert.Equal((float)Matrices.Weight(w.Span, type, Columns, r, c), row.Floats[c]);
        }
    }

    /// <summary>FloatScalar's bound: |y − exact| ≤ 2⁻²⁰ · Σ|w·x| + 1e-30.</summary>
    private static void RequireWithinBound(QuantType type, NativeBytes w, NativeBytes x, NativeBytes y, int columns,
        int rows, int tokens)
    {
        for (int r = 0; r < rows; r++)
        {
            double[] row = [.. Enumerable.Range(0, columns).Select(c => Matrices.Weight(w.Span, type, columns, r, c))];
            for (int t = 0; t < tokens; t++)
            {
                double sum = 0, magnitude = 0;
                for (int c = 0; c < columns; c++)
                {
                    sum += row[c] * x.Floats[t * columns + c];
                    magnitude += Math.Abs(row[c] * x.Floats[t * columns + c]);
                }
                double bound = Math.ScaleB(magnitude, -20) + 1e-30;
                Assert.InRange(y.Floats[t * rows + r], sum - bound, sum + bound);
            }
        }
    }
}
