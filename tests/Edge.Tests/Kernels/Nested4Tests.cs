using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>The two planes of nested digits: together the 4-bit matrix to the bit, apart a coarser one without
/// bias.</summary>
public sealed unsafe class Nested4Tests
{
    private const int Rows = 45, Columns = 384, Tokens = 9;

    public static TheoryData<string> Sets() => [.. KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name)];

    [Fact]
    public void Rows_BothPlanes_GiveTheBitsOfDigits4()
    {
        using var data = new Planes(Rows, Columns, Tokens);
        using var digits = new NativeBytes(Digits.Digits4Bytes(Rows, Columns));
        Digits4Scalar.Pack((sbyte*)data.Weights.Pointer, (ushort*)data.Scales.Pointer, digits.Pointer, Columns, Rows);
        float[] expected = new float[Rows * Tokens], actual = new float[Rows * Tokens];
        fixed (float* y = expected, z = actual)
        {
            Digits4Scalar.Rows(digits.Pointer, data.X.Pointer, y, Columns, 0, Rows, Tokens, Rows);
            Nested4Scalar.Rows(data.Hi.Pointer, data.Lo.Pointer, data.X.Pointer, z, Columns, 0, Rows, Tokens, Rows);
        }
        Assert.True(expected.Distinct().Count() > Rows * Tokens / 2);
        Assert.Equal(expected, actual);
        using var row = new NativeBytes(4 * Columns);
        using var same = new NativeBytes(4 * Columns);
        for (int r = 0; r < Rows; r++)
        {
            Digits4Scalar.Decode(digits.Pointer, row.Floats, Columns, r);
            Nested4Scalar.Decode(data.Hi.Pointer, data.Lo.Pointer, same.Floats, Columns, r);
            Assert.True(row.Span.SequenceEqual(same.Span));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Planes_EverySet_GivesTheBitsOfScalar(string name)
    {
        PlanesKernel kernel = KernelSet.Choose(name).Planes(QuantType.NESTED4_HI);
        foreach (int rows in (int[])[1, 7, 16, 21, 45])
        {
            foreach (int tokens in (int[])[1, 3, 4, 9])
            {
                using var data = new Planes(rows, Columns, tokens);
                float[] expected = new float[rows * tokens], actual = new float[rows * tokens];
                int row0 = rows > 16 ? 16 : 0;
                fixed (float* y = expected, z = actual)
                {
                    Nested4Scalar.Rows(data.Hi.Pointer, data.Lo.Pointer, data.X.Pointer, y, Columns, row0, rows, tokens,
                        rows);
                    kernel(data.Hi.Pointer, data.Lo.Pointer, data.X.Pointer, z, Columns, row0, rows, tokens, rows);
                }
                Assert.Equal(expected, actual);
                Assert.Equal(row0 > 0, actual[0] == 0);
            }
        }
    }

    [Fact]
    public void Coarse_HiAlone_IsTheProductOfTheMiddles()
    {
        using var data = new Planes(Rows, Columns, 1);
        using var row = new NativeBytes(4 * Columns);
        var y = new float[Rows];
        fixed (float* to = y)
            Nested4Scalar.Coarse(data.Hi.Pointer, data.X.Pointer, to, Columns, 0, Rows, 1, Rows);
        for (int r = 0; r < Rows; r++)
        {
            double sum = 0, magnitude = 0;
            Nested4Scalar.DecodeCoarse(data.Hi.Pointer, row.Floats, Columns, r);
            for (int c = 0; c < Columns; c++)
            {
                int at = r * Columns + c, code = (sbyte)data.Weights.Span[at] + 8;
                float scale = BitConverter.Int32BitsToSingle(
                    ((ushort*)data.Scales.Pointer)[at / Digits.Group] << 16);
                // The middle of the four weights whose upper digit this is.
                float middle = (4 * (code / 4) + 1.5f - 8) * scale;
                Assert.Equal(middle, row.Floats[c]);
                double product = middle * (double)(sbyte)data.X.Span[c]
                    * *(float*)(data.X.Pointer + Columns + c / Digits.Group * Digits.RecordBytes);
                sum += product;
                magnitude += Math.Abs(product);
            }
            Assert.InRange(y[r], sum - 1e-6 * magnitude, sum + 1e-6 * magnitude);
        }
    }

    [Fact]
    public void Coarse_EvenlySpreadDigits_HasNoBias()
    {
        // Every weight equally often: what LO adds is as often up as down.
        double difference = 0;
        for (int weight = -8; weight <= 7; weight++) difference += weight - (4 * ((weight + 8) / 4) + 1.5 - 8);
        Assert.Equal(0, difference);
    }

    /// <summary>Random weights −8 … 7 in planes, and activations.</summary>
    private sealed class Planes : IDisposable
    {
        public Planes(int rows, int columns, int tokens)
        {
            var random = new Random(rows * 100 + tokens);
            Weights = new NativeBytes((long)rows * columns);
            Scales = new NativeBytes(2L * rows * columns / Digits.Group);
            Hi = new NativeBytes(Digits.Digits2Bytes(rows, columns), 0xFF);
            Lo = new NativeBytes(Digits.Nested4LowBytes(rows, columns), 0xFF);
            X = new NativeBytes(Digits.ActivationBytes(columns) * tokens);
            foreach (ref byte weight in Weights.Span) weight = (byte)random.Next(-8, 8);
            for (int i = 0; i < rows * columns / Digits.Group; i++)
                ((ushort*)Scales.Pointer)[i] = (ushort)(
                    BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) >> 16);
            using var x = new NativeBytes(4L * columns * tokens);
            foreach (ref float value in x.FloatSpan) value = random.NextSingle() * 3 - 1;
            DigitsScalar.QuantizeGroups(x.Floats, X.Pointer, columns, tokens);
            Nested4Scalar.Pack((sbyte*)Weights.Pointer, (ushort*)Scales.Pointer, Hi.Pointer, Lo.Pointer, columns, rows);
        }

        public NativeBytes Weights { get; }
        public NativeBytes Scales { get; }
        public NativeBytes Hi { get; }
        public NativeBytes Lo { get; }
        public NativeBytes X { get; }

        public void Dispose()
        {
            foreach (NativeBytes bytes in (NativeBytes[])[Weights, Scales, Hi, Lo, X]) bytes.Dispose();
        }
    }
}
