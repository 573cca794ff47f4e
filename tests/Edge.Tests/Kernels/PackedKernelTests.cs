using Edge.Kernels;
using Xunit;
using Xunit.Abstractions;

namespace Edge.Tests.Kernels;

/// <summary>Packed tiles against the product of what went into them, in double.</summary>
public sealed unsafe class PackedKernelTests(ITestOutputHelper output)
{
    private const int Rows = 45, Columns = 384, Tokens = 2;
    private const float Untouched = 12345;

    private delegate void PackWeights(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows);
    private delegate void QuantizeActivations(float* x, byte* q, long columns, long tokens);
    private delegate void MultiplyRows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride);

    [Fact]
    public void Digits2_PackedMatrix_GivesTheProduct() => Check(-2, 1, Digits.Group, Digits.Digits2Bytes(Rows, Columns),
        Digits2Scalar.Pack, DigitsScalar.QuantizeGroups, Digits.ActivationBytes(Columns), Digits2Scalar.Rows);

    [Fact]
    public void Digits3_PackedMatrix_GivesTheProduct() => Check(-4, 3, Digits.Group, Digits.Digits3Bytes(Rows, Columns),
        Digits3Scalar.Pack, DigitsScalar.QuantizeGroups, Digits.ActivationBytes(Columns), Digits3Scalar.Rows);

    [Fact]
    public void Digits4_PackedMatrix_GivesTheProduct() => Check(-8, 7, Digits.Group, Digits.Digits4Bytes(Rows, Columns),
        Digits4Scalar.Pack, DigitsScalar.QuantizeGroups, Digits.ActivationBytes(Columns), Digits4Scalar.Rows);

    [Fact]
    public void Ternary2_PackedMatrix_GivesTheProduct() => Check(-1, 1, Columns, Digits.Ternary2Bytes(Rows, Columns),
        Ternary2Scalar.Pack, DigitsScalar.QuantizeTokens, Digits.TokenActivationBytes(Columns), Ternary2Scalar.Rows);

    [Fact]
    public void Ternary1_67_PackedMatrix_GivesTheProduct()
        => Check(-1, 1, Columns, Digits.Ternary1_67Bytes(Rows, Columns),
        Ternary1_67Scalar.Pack, DigitsScalar.QuantizeTokens, Digits.TokenActivationBytes(Columns),
            Ternary1_67Scalar.Rows);

    // The vector kernels multiply what lies there.
    [Theory]
    [InlineData(160)]
    [InlineData(256)]
    public void Ternary1_67_ColumnsBeyondTheMatrix_AreZeros(int columns)
    {
        const int rows = 5;
        sbyte[] weights = [.. Enumerable.Range(0, rows * columns).Select(i => (sbyte)(i % 2 == 0 ? 1 : -1))];
        ushort[] scales = [.. Enumerable.Repeat((ushort)0x3DCD, rows)];
        byte[] tiles = new byte[Digits.Ternary1_67Bytes(rows, columns)];
        fixed (sbyte* w = weights)
        fixed (ushort* s = scales)
        fixed (byte* t = tiles)
            Ternary1_67Scalar.Pack(w, s, t, columns, rows);
        long part = Digits.Ternary1_67Part(columns), tile = Digits.Ternary1_67TileBytes(part);
        for (int i = 0; i < 2; i++)
        {
            long first = Digits.Ternary1_67FirstTile(rows) + i * tile + (columns - 2 * part) / 32 * 80;
            long last = Digits.Ternary1_67FirstTile(rows) + (i + 1) * tile;
            for (long at = first; at < last; at++) Assert.Equal(1, (tiles[at] & 31) / 9);
        }
        // One scale for all rows is exact.
        Assert.Equal(BitConverter.Int32BitsToSingle(0x3DCD0000),
            tiles[Digits.Ternary1_67HeaderBytes] * BitConverter.ToSingle(tiles));
    }

    [Fact]
    public void Ternary1_6_PackedMatrix_GivesTheProduct()
        => Check(-1, 1, Columns, Digits.Ternary1_6Bytes(Rows, Columns),
        Ternary1_6Scalar.Pack, DigitsScalar.QuantizeTokens, Digits.TokenActivationBytes(Columns),
            Ternary1_6Scalar.Rows);

    [Fact]
    public void Digits2Lut_PackedMatrix_GivesTheProduct()
        => Check(-2, 1, Digits.Group, Digits2LutScalar.Bytes(Rows, Columns), Digits2LutScalar.Pack,
        Digits2LutScalar.Tables, Digits2LutScalar.TableBytes(Columns), Digits2LutScalar.Rows);

    [Theory]
    [InlineData("gauss", 0)]
    [InlineData("uniform", 0)]
    [InlineData("gate", 0)]
    [InlineData("gauss", 60)]
    [InlineData("gauss", 2000)]
    public void Digits2Lut_TypicalActivations_LoseLessThanAPercent(string kind, float outlier)
    {
        const int rows = 512, columns = 2048;
        var random = new Random(11);
        float[] x = [.. Enumerable.Range(0, columns).Select(_ => Activation(random, kind))];
        if (outlier > 0) for (int i = 0; i < 4; i++) x[random.Next(columns)] = outlier;
        sbyte[] weights = [.. Enumerable.Range(0, rows * columns).Select(_ => TwoBits(random))];
        ushort[] scales = Scales(random, rows * columns / Digits.Group);
        float[] byLookUp = new float[rows], byInt8 = new float[rows];
        byte[] tiles = new byte[Digits.Digits2Bytes(rows, columns)],
            other = new byte[Digits2LutScalar.Bytes(rows, columns)];
        byte[] q = new byte[Digits.ActivationBytes(columns)], tables = new byte[Digits2LutScalar.TableBytes(columns)];
        fixed (sbyte* w = weights)
        fixed (ushort* s = scales)
        fixed (float* v = x, y = byInt8, z = byLookUp)
        fixed (byte* t = tiles, u = other, a = q, b = tables)
        {
            Digits2Scalar.Pack(w, s, t, columns, rows);
            Digits2LutScalar.Pack(w, s, u, columns, rows);
            DigitsScalar.QuantizeGroups(v, a, columns, 1);
            Digits2LutScalar.Tables(v, b, columns, 1);
            Digits2Scalar.Rows(t, a, y, columns, 0, rows, 1, rows);
            Digits2LutScalar.Rows(u, b, z, columns, 0, rows, 1, rows);
        }
        double largest = 0, lookUp = 0, int8 = 0;
        for (int r = 0; r < rows; r++)
        {
            double sum = 0;
            for (int c = 0; c < columns; c++)
                sum += (double)weights[r * columns + c] * x[c]
                    * BitConverter.Int32BitsToSingle(scales[(r * columns + c) / Digits.Group] << 16);
            largest = Math.Max(largest, Math.Abs(sum));
            lookUp = Math.Max(lookUp, Math.Abs(sum - byLookUp[r]));
            int8 = Math.Max(int8, Math.Abs(sum - byInt8[r]));
        }
        output.WriteLine($"{kind} {outlier}: look-up {lookUp / largest:F5}, int8 {int8 / largest:F5}");
        Assert.InRange(lookUp, 1e-9, 0.01 * largest);
    }

    // Two bits of a weight that was normal: the middle codes are three times as frequent.
    private static sbyte TwoBits(Random random) => (sbyte)Math.Clamp(Math.Round(Normal(random)), -2, 1);

    private static float Activation(Random random, string kind) => kind switch
    {
        "uniform" => 2 * random.NextSingle() - 1,
        "gate" => Silu(Normal(random)) * Normal(random),
        _ => Normal(random),
    };

    private static float Silu(float x) => x / (1 + MathF.Exp(-x));

    private static float Normal(Random random) =>
        MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(2 * MathF.PI * random.NextSingle());

    [Fact]
    public void Digits4x32_SameBlocks_GivesTheBitsOfQ4_0()
    {
        var random = new Random(6);
        byte[] source = new byte[Rows * Columns / 32 * 18];
        random.NextBytes(source);
        for (int b = 0; b < source.Length; b += 18)
            BitConverter.TryWriteBytes(source.AsSpan(b), (Half)(random.NextDouble() - 0.5));
        float[] x = Activations(random), expected = new float[Rows], actual = new float[Rows];
        byte[] tiles = new byte[Tiles.Bytes(Rows, Columns, Tiles.Q4_0BlockBytes)],
            other = new byte[Digits.Digits4x32Bytes(Rows, Columns)];
        byte[] q = new byte[Tiles.ActivationBytes(Columns)];
        fixed (float* v = x, y = expected, z = actual)
        fixed (byte* w = source, t = tiles, u = other, a = q)
        {
            Assert.Equal(0, Q4_0Scalar.Pack(w, t, Columns, Rows));
            Assert.Equal(0, Digits4x32Scalar.Pack(w, u, Columns, Rows));
            ActivationsScalar.Quantize(v, a, Columns, 1);
            Q4_0Scalar.Rows(t, a, y, Columns, 0, Rows, 1, Rows);
            Digits4x32Scalar.Rows(u, a, z, Columns, 0, Rows, 1, Rows);
        }
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Digits2Lut_FromDigits2_IsWhatPackingMakes()
    {
        var random = new Random(12);
        sbyte[] weights = Weights(random, -2, 1);
        ushort[] scales = Scales(random, Rows * Columns / Digits.Group);
        byte[] tiles = new byte[Digits.Digits2Bytes(Rows, Columns)];
        byte[] expected = new byte[Digits2LutScalar.Bytes(Rows, Columns)], actual = new byte[expected.Length];
        var row = new float[Columns];
        fixed (sbyte* w = weights)
        fixed (ushort* s = scales)
        fixed (byte* t = tiles, e = expected, a = actual)
        fixed (float* y = row)
        {
            Digits2Scalar.Pack(w, s, t, Columns, Rows);
            Digits2LutScalar.Pack(w, s, e, Columns, Rows);
            Assert.Equal(0, Digits2LutScalar.FromDigits2(t, a, Columns, Rows));
            Digits2LutScalar.Decode(a, y, Columns, Rows - 1);
        }
        Assert.Equal(expected, actual);
        for (int c = 0; c < Columns; c++)
        {
            int at = (Rows - 1) * Columns + c;
            Assert.Equal(weights[at] * BitConverter.Int32BitsToSingle(scales[at / Digits.Group] << 16), row[c]);
        }
    }

    /// <summary>Any bytes at all, also those behind the last row, which become zeros.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(1)]
    [InlineData(47)]
    [InlineData(80)]
    public void Digits2Lut_Regroup_IsFromDigits2(int rows)
    {
        byte[] tiles = new byte[Digits.Digits2Bytes(rows, Columns)];
        new Random(rows).NextBytes(tiles);
        byte[] expected = new byte[Digits2LutScalar.Bytes(rows, Columns)], actual = new byte[expected.Length];
        fixed (byte* t = tiles, e = expected, a = actual)
        {
            Assert.Equal(0, Digits2LutScalar.FromDigits2(t, e, Columns, rows));
            Assert.Equal(0, Digits2LutScalar.Regroup(t, a, Columns, rows));
        }
        Assert.Equal(expected, actual);
        Assert.True(expected.Distinct().Count() > (rows > 1 ? 200 : 60));
    }

    private static void Check(int least, int most, int group, long tileBytes, PackWeights pack,
        QuantizeActivations quantize, long tokenBytes,
        MultiplyRows rows)
    {
        var random = new Random(least * 16 + most);
        sbyte[] weights = Weights(random, least, most);
        ushort[] scales = Scales(random, Rows * Columns / group);
        float[] x = Activations(random), y = new float[Tokens * (Rows + 1)];
        Array.Fill(y, Untouched);
        byte[] tiles = new byte[tileBytes], q = new byte[Tokens * tokenBytes];
        fixed (sbyte* w = weights)
        fixed (ushort* s = scales)
        fixed (float* v = x, to = y)
        fixed (byte* t = tiles, a = q)
        {
            pack(w, s, t, Columns, Rows);
            quantize(v, a, Columns, Tokens);
            rows(t, a, to, Columns, 0, Rows, Tokens, Rows + 1);
        }
        double largest = 0, error = 0;
        for (int token = 0; token < Tokens; token++)
        {
            for (int r = 0; r < Rows; r++)
            {
                double sum = 0;
                for (int c = 0; c < Columns; c++)
                    sum += (double)weights[r * Columns + c]
                        * BitConverter.Int32BitsToSingle(scales[(r * Columns + c) / group] << 16)
                            * x[token * Columns + c];
                largest = Math.Max(largest, Math.Abs(sum));
                error = Math.Max(error, Math.Abs(sum - y[token * (Rows + 1) + r]));
            }
            Assert.Equal(Untouched, y[token * (Rows + 1) + Rows]);
        }
        // All that is lost is the rounding of the activations to int8.
        Assert.InRange(error, 1e-9, 0.01 * largest);
    }

    private static sbyte[] Weights(Random random, int least, int most) =>
        [.. Enumerable.Range(0, Rows * Columns).Select(_ => (sbyte)random.Next(least, most + 1))];

    private static ushort[] Scales(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_
            => (ushort)(BitConverter.SingleToInt32Bits(0.01f + 0.02f * random.NextSingle()) >> 16))];

    private static float[] Activations(Random random) =>
        [.. Enumerable.Range(0, Tokens * Columns).Select(_
            => 2 * random.NextSingle() - 1 + (random.NextSingle() - 0.5f))];
}
