using Edge.Kernels;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>The gates and the attention scores of particular model families, for every set that this CPU runs, against
/// their definitions in double.</summary>
public unsafe class GateKernelTests
{
    private static readonly int[] Lengths = [1, 4, 7, 8, 31, 100, 257];

    public static TheoryData<string> Sets() => [.. KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Gates_AnyLength_MatchDefinition(string name)
    {
        KernelSet set = KernelSet.Choose(name);
        foreach (int n in Lengths)
        {
            using NativeBytes gate = Random(n, n, 24), up = Random(n, n + 1, 30), y = Random(n, 0, 1);
            set.GeGlu(gate.Floats, up.Floats, y.Floats, n);
            for (int i = 0; i < n; i++) Close(Gelu(gate.Floats[i]) * up.Floats[i], y.Floats[i], 1e-5, 1e-6);
            set.SwiGluClamped(gate.Floats, up.Floats, y.Floats, n);
            for (int i = 0; i < n; i++)
            {
                double g = Math.Min(gate.Floats[i], 7), u = Math.Clamp(up.Floats[i], -7, 7);
                Close(g / (1 + Math.Exp(-1.702 * g)) * (u + 1), y.Floats[i], 1e-5, 1e-6);
            }
            set.ReGlu(gate.Floats, up.Floats, y.Floats, n);
            for (int i = 0; i < n; i++) Assert.Equal(Math.Max(gate.Floats[i], 0) * up.Floats[i], y.Floats[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void CappedHead_WithAndWithoutCapAndSinks_MatchesDefinition(string name)
    {
        KernelSet set = KernelSet.Choose(name);
        foreach ((int headSize, int group, int length) in ((int, int, int)[])
            [(32, 1, 1), (20, 5, 200), (64, 3, 65), (128, 8, 130)])
        {
            using NativeBytes q = Random(headSize * group, 1, 4), k = Random(headSize * length, 2, 4);
            using NativeBytes v = Random(headSize * length, 3, 4), sinks = Random(group, 4, 4);
            using NativeBytes y = Random(headSize * group, 5, 1);
            using var scratch = new NativeBytes(4 * AttentionScalar.ScratchFloats(group, headSize));
            foreach (float cap in (float[])[0, 3])
            {
                foreach (bool sink in (bool[])[false, true])
                {
                    set.CappedHeadF32(q.Floats, k.Pointer, v.Pointer, y.Floats, headSize, group, length, 0.4f, cap,
                        sink ? sinks.Floats : null, scratch.Floats);
                    for (int g = 0; g < group; g++)
                    {
                        double[] e = Weights(q.Floats + g * headSize, k.Floats, headSize, length, cap);
                        double sum = e.Sum() + (sink ? Math.Exp(sinks.Floats[g]) : 0);
                        for (int i = 0; i < headSize; i++)
                        {
                            double expected = Enumerable.Range(0, length).Sum(p => e[p] * v.Floats[p * headSize + i]);
                            Close(expected / sum, y.Floats[g * headSize + i], 0, 4e-5);
                        }
                    }
                }
            }
        }
    }

    private static double[] Weights(float* q, float* k, int headSize, int length, float cap)
    {
        var weights = new double[length];
        for (int p = 0; p < length; p++)
        {
            double score = 0;
            for (int i = 0; i < headSize; i++) score += q[i] * (double)k[p * headSize + i];
            score *= 0.4f;
            weights[p] = Math.Exp(cap == 0 ? score : cap * Math.Tanh(score / cap));
        }
        return weights;
    }

    private static double Gelu(double x) =>
        0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private static void Close(double expected, float actual, double relative, double absolute) => Assert.InRange(
        actual, expected - Math.Abs(expected) * relative - absolute,
        expected + Math.Abs(expected) * relative + absolute);

    private static NativeBytes Random(int n, int seed, float spread)
    {
        var random = new Random(seed);
        var bytes = new NativeBytes(4L * n);
        foreach (ref float x in bytes.FloatSpan) x = (random.NextSingle() - 0.5f) * spread;
        return bytes;
    }
}
