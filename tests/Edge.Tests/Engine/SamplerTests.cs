using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

[Collection(AloneCollection.Name)]
public class SamplerTests
{
    private static readonly float[] Logits = [1.5f, -0.5f, 0.25f, 2, 2, -3, 0, 1];

    private static int Sample(float[] logits, SamplingOptions options, ulong[]? mask = null, int[]? history = null)
    {
        var random = new SamplerRandom(options.Seed);
        Assert.True(new Sampler(logits.Length).TrySample(
            logits, mask, history, options, ref random, out int token, out string? error), error);
        return token;
    }

    // The definition, with a full sort: what may be drawn, and how likely.
    private static double[] Exact(float[] logits, SamplingOptions o, ulong mask = ulong.MaxValue)
    {
        List<int> left = [.. Enumerable.Range(0, logits.Length).Where(i => (mask >> i & 1) != 0)
            .OrderByDescending(i => logits[i]).ThenBy(i => i)];
        if (o.TopK > 0) left = [.. left.Take(o.TopK)];
        if (o.TopP < 1)
        {
            double all = left.Sum(i => Math.Exp(logits[i])), sum = 0;
            int n = 0;
            while (n == 0 || (n < left.Count && sum < o.TopP * all)) sum += Math.Exp(logits[left[n++]]);
            left = [.. left.Take(n)];
        }
        left = [.. left.Where(i => Math.Exp(logits[i] - logits[left[0]]) >= o.MinP)];
        var p = new double[logits.Length];
        double z = left.Sum(i => Math.Exp((logits[i] - logits[left[0]]) / o.Temperature));
        foreach (int i in left) p[i] = Math.Exp((logits[i] - logits[left[0]]) / o.Temperature) / z;
        return p;
    }

    public static TheoryData<float, int, float, float, ulong> Settings => new()
    {
        { 1, 0, 1, 0, ulong.MaxValue }, { 0.5f, 0, 1, 0, ulong.MaxValue }, { 2, 4, 1, 0, ulong.MaxValue },
        { 1, 0, 0.8f, 0, ulong.MaxValue }, { 1.3f, 0, 1, 0.15f, ulong.MaxValue }, { 0.9f, 6, 0.9f, 0.1f, 0b10110111 },
        { 1, 0, 0, 0, ulong.MaxValue }, { 1, 0, 1, 1, ulong.MaxValue }, { 1, 1, 1, 0, ulong.MaxValue },
        { 1.5f, 3, 0.99f, 0, 1UL << 5 }, { 1e-6f, 0, 1, 0, ulong.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void TrySample_ManyDraws_FollowExactProbabilities(
        float temperature, int topK, float topP, float minP, ulong mask)
    {
        var options = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP };
        double[] expected = Exact(Logits, options, mask);
        var sampler = new Sampler(Logits.Length);
        var random = new SamplerRandom(42);
        const int Draws = 20_000;
        var seen = new int[Logits.Length];
        for (int i = 0; i < Draws; i++)
        {
            Assert.True(sampler.TrySample(Logits, [mask], [], options, ref random, out int token, out _));
            seen[token]++;
        }
        double chiSquare = 0;
        for (int i = 0; i < seen.Length; i++)
        {
            if (expected[i] < 1e-9) Assert.Equal(0, seen[i]);
            else chiSquare += Math.Pow(seen[i] - Draws * expected[i], 2) / (Draws * expected[i]);
        }
        Assert.True(chiSquare < 24.3, $"chi-square {chiSquare} (7 degrees of freedom: 24.3 is the 99.9 % bound)");
    }

    [Fact]
    public void TrySample_RandomLogitsWithManyTies_KeepsTheSetOfTheSortedDefinition()
    {
        var random = new Random(7);
        for (int trial = 0; trial < 300; trial++)
        {
            float[] logits = [.. Enumerable.Range(0, 60).Select(_ => random.Next(-8, 9) / 2f)];
            var options = new SamplingOptions
            {
                Temperature = 1, TopK = random.Next(3) == 0 ? 0 : random.Next(1, 70),
                TopP = random.Next(2) == 0 ? 1 : random.NextSingle(),
                MinP = random.Next(2) == 0 ? 0 : random.NextSingle() / 2,
            };
            double[] expected = Exact(logits, options);
            var candidates = new Candidates(logits.Length);
            for (int i = 0; i < logits.Length; i++) candidates.Add(i, logits[i]);
            if (options.TopK > 0) candidates.KeepLikeliest(options.TopK);
            if (options.TopP < 1) candidates.KeepShare(options.TopP);
            if (options.MinP > 0) candidates.KeepFraction(options.MinP);
            Assert.Equal(Enumerable.Range(0, 60).Where(i => expected[i] > 0), candidates.Ids.ToArray());
        }
    }

    [Fact]
    public void TrySample_Greedy_TakesLowestIdOfTies() => Assert.Equal(3, Sample(Logits, new()));

    [Fact]
    public void TrySample_GreedyUnderMask_TakesBestAllowed()
    {
        Assert.Equal(4, Sample(Logits, new(), [0b11110111]));
        Assert.Equal(5, Sample(Logits, new(), [0b00100000]));
    }

    [Fact]
    public void TrySample_GreedyWithPenalty_PassesOverRecentTokensOnce()
    {
        var options = new SamplingOptions { RepetitionPenalty = 1.25f, RepetitionWindow = 2 };
        Assert.Equal(4, Sample(Logits, options, history: [4, 3, 3])); // 2 / 1.25 = 1.6 for 3; 4 is out of the window
        Assert.Equal(3, Sample([-1f, -1.1f, -5f, -1.05f], options, history: [0, 0])); // once: -1.25
        Assert.Equal(0, Sample([1.5f, 0.99f, 0, 1.1f], options, history: [0, 0, 0])); // 1.2 after one, 0.96 after two
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void TrySample_LogitNotFinite_FailsNamingTheToken(float bad)
    {
        for (int at = 0; at < 19; at++)
        {
            var logits = new float[19];
            logits[at] = bad;
            var random = new SamplerRandom(0);
            Assert.False(new Sampler(19).TrySample(logits, [], [], new(), ref random, out _, out string? error));
            Assert.Contains($"token {at} ", error);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void TrySample_EmptyMask_FailsNamingTheMask(float temperature)
    {
        var random = new SamplerRandom(0);
        Assert.False(new Sampler(8).TrySample(Logits, [0UL], [], new() { Temperature = temperature }, ref random,
            out _, out string? error));
        Assert.Contains("mask", error);
    }

    [Fact]
    public void PortableExp_RangeOfSampler_AgreesWithTheLibrary()
    {
        for (double x = 0; x > -707; x -= 0.0937)
            Assert.Equal(1, PortableExp.Of(x) / Math.Exp(x), 1e-15);
        Assert.Equal(0, PortableExp.Of(double.NegativeInfinity));
    }

    [Fact]
    public void Next_SeedOne_NeverChanges() // a change would break every recorded seed
    {
        var random = new SamplerRandom(1);
        Assert.Equal([0xB3F2AF6D0FC710C5, 0x853B559647364CEA], new[] { random.Next(), random.Next() });
    }

    [Fact]
    public void TrySample_LargeVocabulary_AllocatesNothing()
    {
        var source = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 150_000).Select(_ => (float)source.NextDouble() * 20)];
        int[] history = [.. Enumerable.Range(0, 64)];
        var options = new SamplingOptions
        {
            Temperature = 0.8f, TopK = 40, TopP = 0.95f, MinP = 0.05f, RepetitionPenalty = 1.1f,
        };
        var sampler = new Sampler(logits.Length);
        var random = new SamplerRandom(5);
        sampler.TrySample(logits, [], history, options, ref random, out _, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++) sampler.TrySample(logits, [], history, options, ref random, out _, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
