using Edge.Engine;
using Edge.Engine.Speculation;
using Xunit;

namespace Edge.Tests.Engine.Speculation;

public class SamplingTests
{
    private static readonly SamplingOptions Warm = new() { Temperature = 1, TopK = 12, MinP = 0.02f };

    [Fact]
    public void Step_LookedUpDraftsAtATemperature_GiveTheSeedsReply()
    {
        string[] Run(SpeculationOptions? options)
        {
            using var bench = new Bench(slots: 2, batch: 64, speculation: options);
            bench.Model.Next = cache => cache.Length % 11 == 0 ? -1 : Sources.Script(cache);
            for (int i = 0; i < 30; i++)
                bench.Accept(Bench.Request($"r{i}", "the same " + i, 90) with
                {
                    Sampling = Warm with { Seed = (ulong)i, Temperature = 3 },
                });
            bench.RunAll();
            if (options is not null) Assert.True(bench.Scheduler.Statistics.Speculation!.Accepted > 100);
            return [.. Enumerable.Range(0, 30).Select(i => bench[$"r{i}"].Result.Text)];
        }
        Assert.Equal(Run(null), Run(Sources.Of(Sources.Lookup)));
    }

    /// <summary>The chain's conditional frequencies, token by token, against those of the plain sampler: same bins,
    /// chi-square of two samples.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Step_DraftModelAtATemperature_DrawsWhatThePlainSamplerDraws(bool streamed)
    {
        const int replies = 1500, length = 6;
        int[][] plain = Counts(null, replies, length, streamed);
        var draft = new FakeModel(TinyVocabulary.Size) { Logits = (cache, logits) => Toy(cache, logits, 0.8f) };
        int[][] drafted = Counts(new()
        {
            DraftModel = draft, DraftTokenizer = TinyVocabulary.Tokenizer, DraftMax = 4, Adaptive = false,
        }, replies, length, streamed);
        int bins = 0;
        double chi = 0;
        for (int at = 0; at < length; at++)
            for (int token = 0; token < 16; token++)
            {
                int a = plain[at][token], b = drafted[at][token];
                if (a + b < 10) continue;
                bins++;
                chi += (double)(a - b) * (a - b) / (a + b);
            }
        // About bins - length degrees of freedom: three deviations above their mean.
        Assert.True(bins > 40, $"{bins} bins");
        Assert.True(chi < bins + 3 * Math.Sqrt(2 * bins), $"chi-square {chi:F1} over {bins} bins");
        Assert.True(plain[1].Count(n => n > 20) > 5);
    }

    [Fact]
    public void Step_DraftModelAtATemperature_SameSeedSameReplyOtherSeedAnother()
    {
        int[][] Run(int seed) => Counts(new()
        {
            DraftModel = new FakeModel(TinyVocabulary.Size) { Logits = (c, x) => Toy(c, x, 0.8f) },
            DraftTokenizer = TinyVocabulary.Tokenizer, Adaptive = false,
        }, 40, 6, streamed: false, seed);
        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(1000));
    }

    // How often each token stood at each place.
    private static int[][] Counts(
        SpeculationOptions? options, int replies, int length, bool streamed, int seed = 1)
    {
        using var bench = new Bench(slots: 1, batch: 64, speculation: options, streamed: streamed);
        bench.Model.Logits = (cache, logits) => Toy(cache, logits, 0);
        int[][] counts = [.. Enumerable.Range(0, length).Select(_ => new int[16])];
        for (int i = 0; i < replies; i++)
        {
            // Seeds of their own, apart from those of the other run: the same lots would hide a difference.
            ulong own = (ulong)(seed + i + (options is null ? 0 : 1_000_000));
            string text = bench.RunAlone(Bench.Request($"r{i}", "prompt", length) with
            {
                Sampling = Warm with { Seed = own },
            }).Text;
            for (int at = 0; at < length; at++) counts[at][text[at] - 'a']++;
        }
        if (options is not null)
        {
            SpeculationStatistics s = bench.Scheduler.Statistics.Speculation!;
            Assert.True(s.Accepted > s.Drafted / 4 && s.Accepted < s.Drafted, $"{s}");
        }
        return counts;
    }

    // Sixteen letters whose odds depend on the last one; a draft model sees them bent.
    private static void Toy(FakeCache cache, Span<float> logits, float bend)
    {
        logits.Fill(-20);
        int last = cache.Tokens[cache.Length - 1];
        for (int i = 0; i < 16; i++)
            logits['a' + i] = (float)(1.2 * Math.Sin(last * 0.7 + i * 1.3) + bend * Math.Cos(last + i * 2.1));
    }
}
