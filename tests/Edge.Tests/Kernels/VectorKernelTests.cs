using System.Runtime.InteropServices;
using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>All other families, for every set that this CPU runs: against Scalar where bits must be equal, against
/// double arithmetic within the family's bound elsewhere.</summary>
public unsafe class VectorKernelTests
{
    private static readonly int[] Lengths = [1, 4, 7, 8, 24, 31, 64, 100, 257];

    public static TheoryData<string> Sets() => [.. KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Quantize_Finite_MatchesScalarToTheBit(string name)
    {
        foreach (int columns in (int[])[32, 96, 288])
        {
            using NativeBytes x = Random(columns * 3, columns);
            x.FloatSpan[..32].Clear();
            // Ties: with a largest value of 127 the quants are the values themselves.
            for (int i = 0; i < 32; i++) x.Floats[columns + i] = i == 0 ? 127 : i - 15.5f;
            x.Floats[2 * columns] = 1e-31f;
            using var q = new NativeBytes(Tiles.ActivationBytes(columns) * 3, 0xFF);
            using var expected = new NativeBytes(Tiles.ActivationBytes(columns) * 3, 0xEE);
            KernelSet.Choose(name).Quantize(x.Floats, q.Pointer, columns, 3);
            ActivationsScalar.Quantize(x.Floats, expected.Pointer, columns, 3);
            Assert.True(expected.Span.SequenceEqual(q.Span));
            Assert.Equal(-14, (sbyte)q.Span[(int)Tiles.ActivationBytes(columns) + 1]); // −14.5 to even
            Assert.Equal(-14, (sbyte)q.Span[(int)Tiles.ActivationBytes(columns) + 2]); // −13.5 to even
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void ToF16_AllKinds_MatchesTheRuntimeUpToTheLargest(string name)
    {
        var random = new Random(5);
        float[] values = [0, -0f, 1, 65504, 65519.9f, 65520, 1e30f, float.PositiveInfinity, float.NegativeInfinity,
            5.96e-8f, 2.98e-8f, 2.99e-8f, 6.1e-5f, 6.09e-5f, -6.1035156e-5f, .. Enumerable.Range(0, 5000).Select(
            _ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(0, 1L << 32))).Where(float.IsFinite)];
        using var x = new NativeBytes(4 * values.Length);
        values.CopyTo(x.FloatSpan);
        using var y = new NativeBytes(2 * values.Length);
        KernelSet.Choose(name).ToF16(x.Floats, (ushort*)y.Pointer, values.Length);
        ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(y.Span);
        for (int i = 0; i < values.Length; i++) Assert.Equal((Half)Math.Clamp(values[i], -65504f, 65504f), halves[i]);
        x.Floats[0] = float.NaN;
        KernelSet.Choose(name).ToF16(x.Floats, (ushort*)y.Pointer, 8);
        Assert.True(Half.IsNaN(MemoryMarshal.Cast<byte, Half>(y.Span)[0]));
    }

    [Fact]
    public void FromF16_EveryHalf_MatchesTheRuntime()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            float actual = FloatScalar.FromF16((ushort)bits);
            Assert.True(expected.Equals(actual), $"{bits:X4}");
            Assert.Equal(float.IsNegative(expected), float.IsNegative(actual));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void RowsF16_EveryHalf_DecodesExactly(string name)
    {
        if (!BitConverter.IsLittleEndian) return;
        // One row per group of eight halves, times the unit vector: each weight comes out alone.
        using var w = new NativeBytes(2 * 65536);
        for (int i = 0; i < 65536; i++) ((ushort*)w.Pointer)[i] = (i & 0x7C00) == 0x7C00 ? (ushort)0 : (ushort)i;
        using var x = new NativeBytes(4 * 8 * 8);
        for (int i = 0; i < 8; i++) x.Floats[i * 8 + i] = 1;
        using var y = new NativeBytes(4 * 8192 * 8);
        KernelSet.Choose(name).F16(w.Pointer, x.Pointer, y.Floats, 8, 0, 8192, 8, 8192);
        for (int i = 0; i < 65536; i++)
            Assert.Equal((float)((Half*)w.Pointer)[i], y.Floats[i % 8 * 8192 + i / 8]);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rms_AnyLength_MatchesDefinition(string name)
    {
        foreach (int n in Lengths)
        {
            using NativeBytes x = Random(n, n), weight = Random(n, n + 1);
            using var y = new NativeBytes(4 * n);
            KernelSet.Choose(name).Rms(x.Floats, weight.Floats, y.Floats, n, 1e-6f);
            double mean = x.FloatSpan.ToArray().Average(v => (double)v * v);
            double scale = 1 / Math.Sqrt(mean + 1e-6f);
            for (int i = 0; i < n; i++) Close(x.Floats[i] * scale * weight.Floats[i], y.Floats[i], 2e-6, 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rope_BothOrders_MatchScalarToTheBitAndDefinition(string name)
    {
        KernelSet set = KernelSet.Choose(name);
        foreach (int headSize in (int[])[2, 6, 16, 32, 64, 80, 128])
        {
            using NativeBytes cos = Random(headSize / 2, 1), sin = Random(headSize / 2, 2), x = Random(headSize * 3, 3);
            using NativeBytes pairs = Copy(x), halves = Copy(x), expected = Copy(x);
            set.RopePairs(pairs.Floats, cos.Floats, sin.Floats, headSize, 3);
            set.RopeHalves(halves.Floats, cos.Floats, sin.Floats, headSize, 3);
            RopeScalar.Pairs(expected.Floats, cos.Floats, sin.Floats, headSize, 3);
            Assert.True(expected.Span.SequenceEqual(pairs.Span));
            x.Span.CopyTo(expected.Span);
            RopeScalar.Halves(expected.Floats, cos.Floats, sin.Floats, headSize, 3);
            Assert.True(expected.Span.SequenceEqual(halves.Span));
            for (int i = 0; i < headSize / 2; i++)
            {
                float* head = x.Floats + headSize;
                double real = head[i] * (double)cos.Floats[i] - head[i + headSize / 2] * (double)sin.Floats[i];
                Close(real, halves.Floats[headSize + i], 1e-5, 1e-6);
                double imaginary = head[2 * i + 1] * (double)cos.Floats[i] + head[2 * i] * (double)sin.Floats[i];
                Close(imaginary, pairs.Floats[headSize + 2 * i + 1], 1e-5, 1e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Softmax_AnyLength_MatchesDefinition(string name)
    {
        foreach (int n in Lengths)
        {
            using NativeBytes x = Random(n, n, 20);
            double[] e = [.. x.FloatSpan.ToArray().Select(v => Math.Exp(v))];
            double sum = e.Sum();
            KernelSet.Choose(name).Softmax(x.Floats, n);
            for (int i = 0; i < n; i++) Close(e[i] / sum, x.Floats[i], 1e-5, 1e-12);
        }
    }

    [Fact]
    public void Exp_WholeRange_StaysWithinItsError()
    {
        double worst = 0;
        for (float x = -86.9f; x < 87.9f; x += 0.0137f)
            worst = Math.Max(worst, Math.Abs(SoftmaxScalar.Exp(x) / Math.Exp(x) - 1));
        Assert.InRange(worst, 1e-9, 3e-7);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Gate_AnyLength_MatchesDefinition(string name)
    {
        KernelSet set = KernelSet.Choose(name);
        foreach (int n in Lengths)
        {
            using NativeBytes gate = Random(n, n, 30), up = Random(n, n + 1);
            using NativeBytes y = Copy(up), added = Copy(up), scaled = Copy(up);
            set.SwiGlu(gate.Floats, up.Floats, y.Floats, n);
            set.Add(added.Floats, gate.Floats, n);
            set.AddScaled(scaled.Floats, gate.Floats, 0.3f, n);
            for (int i = 0; i < n; i++)
            {
                float g = gate.Floats[i], u = up.Floats[i];
                Close(g / (1 + Math.Exp(-(double)g)) * u, y.Floats[i], 2e-6, 1e-30);
                Assert.Equal(u + g, added.Floats[i]);
                Assert.Equal(u + 0.3f * g, scaled.Floats[i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void TopK_WithTies_ChoosesLowerNumberAndRenormalises(string name)
    {
        using var logits = new NativeBytes(4 * 9);
        ((float[])[0, 2, 1, 2, -1, 5, 2, 0, 0]).CopyTo(logits.FloatSpan);
        using var experts = new NativeBytes(4 * 3);
        using var weights = new NativeBytes(4 * 3);
        KernelSet.Choose(name).TopK(logits.Floats, (int*)experts.Pointer, weights.Floats, 9, 3, 1);
        Assert.Equal([5, 1, 3], MemoryMarshal.Cast<byte, int>(experts.Span).ToArray());
        double e = Math.Exp(-3);
        Close(1 / (1 + 2 * e), weights.Floats[0], 1e-6, 0);
        Close(e / (1 + 2 * e), weights.Floats[2], 1e-6, 0);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Head_AnyShape_MatchesDefinition(string name)
    {
        KernelSet set = KernelSet.Choose(name);
        foreach ((int headSize, int group, int length) in ((int, int, int)[])
            [(32, 1, 1), (32, 2, 63), (64, 4, 64), (64, 7, 65), (20, 5, 200), (128, 8, 130)])
        {
            using NativeBytes q = Random(headSize * group, 1);
            using NativeBytes k = Random(headSize * length, 2), v = Random(headSize * length, 3);
            using NativeBytes kHalf = Halves(k), vHalf = Halves(v);
            using var scratch = new NativeBytes(4 * AttentionScalar.ScratchFloats(group, headSize));
            using var y = new NativeBytes(4 * headSize * group, 0xFF);
            float scale = 1 / MathF.Sqrt(headSize);
            set.HeadF32(q.Floats, k.Pointer, v.Pointer, y.Floats, headSize, group, length, scale, scratch.Floats);
            RequireAttention(q, i => k.Floats[i], i => v.Floats[i], y, headSize, group, length, scale);
            set.HeadF16(
                q.Floats, kHalf.Pointer, vHalf.Pointer, y.Floats, headSize, group, length, scale, scratch.Floats);
            RequireAttention(q, i => (float)((Half*)kHalf.Pointer)[i], i => (float)((Half*)vHalf.Pointer)[i], y,
                headSize, group, length, scale);
        }
    }

    private static void RequireAttention(NativeBytes q, Func<int, double> k, Func<int, double> v, NativeBytes y,
        int headSize, int group, int length, double scale)
    {
        for (int g = 0; g < group; g++)
        {
            double[] e = new double[length];
            for (int p = 0; p < length; p++)
            {
                for (int i = 0; i < headSize; i++) e[p] += q.Floats[g * headSize + i] * k(p * headSize + i);
                e[p] = Math.Exp(e[p] * scale);
            }
            for (int i = 0; i < headSize; i++)
            {
                double expected = Enumerable.Range(0, length).Sum(p => e[p] * v(p * headSize + i)) / e.Sum();
                Close(expected, y.Floats[g * headSize + i], 0, 2e-5);
            }
        }
    }

    private static void Close(double expected, float actual, double relative, double absolute) => Assert.InRange(
        actual, expected - Math.Abs(expected) * relative - absolute,
        expected + Math.Abs(expected) * relative + absolute);

    private static NativeBytes Random(int n, int seed, float spread = 2)
    {
        var random = new Random(seed);
        var bytes = new NativeBytes(4L * n);
        foreach (ref float x in bytes.FloatSpan) x = (random.NextSingle() - 0.5f) * spread;
        return bytes;
    }

    private static NativeBytes Copy(NativeBytes source)
    {
        var copy = new NativeBytes(source.Span.Length);
        source.Span.CopyTo(copy.Span);
        return copy;
    }

    private static NativeBytes Halves(NativeBytes floats)
    {
        var halves = new NativeBytes(floats.Span.Length / 2);
        for (int i = 0; i < floats.FloatSpan.Length; i++) ((Half*)halves.Pointer)[i] = (Half)floats.Floats[i];
        return halves;
    }
}
