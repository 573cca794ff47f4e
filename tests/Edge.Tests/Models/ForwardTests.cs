using Edge.Models;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>What Forward promises beside the figures: batches and threads do not matter, nothing is allocated, bugs of
/// the caller are refused before anything changes.</summary>
[Collection(AloneCollection.Name)]
public class ForwardTests
{
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[3].Ids;

    [Theory]
    [InlineData(Arithmetic.Integer, KvType.F16)]
    [InlineData(Arithmetic.Float, KvType.F32)]
    public void Forward_AnyChunking_GivesTheSameBits(Arithmetic arithmetic, KvType kv)
    {
        using Model model = Load(arithmetic, kv);
        using KvCache whole = model.CreateCache(256);
        float[] expected = DemoModel.Run(model, whole, Ids, 64);
        foreach (int chunk in (int[])[1, 2, 5, 16])
        {
            using KvCache cache = model.CreateCache(100);
            Assert.Equal(expected, DemoModel.Run(model, cache, Ids, chunk));
        }
    }

    [Fact]
    public void Forward_InterleavedCaches_GiveTheSameBitsAsAlone()
    {
        using Model model = Load(Arithmetic.Integer, KvType.F16);
        int[] first = Ids, second = [.. DemoModel.Reference("q8_0")[7].Ids.Take(Ids.Length)];
        Assert.NotEqual(first, second);
        using KvCache alone = model.CreateCache(256);
        float[] expectedFirst = DemoModel.Run(model, alone, first, 64);
        alone.Truncate(0);
        float[] expectedSecond = DemoModel.Run(model, alone, second, 64);
        using KvCache a = model.CreateCache(128), b = model.CreateCache(256);
        int vocabulary = model.Config.VocabularySize;
        int count = Math.Min(first.Length, second.Length);
        float[] logits = [];
        for (int i = 0; i < count; i++)
            logits = model.Forward([new(first[i], a, true), new(second[i], b, i == count - 1)]).ToArray();
        Assert.Equal(2 * vocabulary, logits.Length);
        if (first.Length == count) Assert.Equal(expectedFirst, logits[..vocabulary]);
        if (second.Length == count) Assert.Equal(expectedSecond, logits[vocabulary..]);
    }

    [Fact]
    public void Forward_AnyThreadsAndLoading_GivesTheSameBits()
    {
        float[]? expected = null;
        foreach (int threads in (int[])[1, 2, 5])
        {
            foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
            {
                using Model model = Model.Load(
                    DemoModel.File("q4_0"), new ModelOptions { Threads = threads, Loading = loading });
                using KvCache cache = model.CreateCache(256);
                float[] logits = DemoModel.Run(model, cache, Ids, 7);
                Assert.Equal(expected ??= logits, logits);
            }
        }
    }

    [Fact]
    public void Truncate_ThenOtherTokens_ForgetsTheFirstOnes()
    {
        using Model model = Load(Arithmetic.Integer, KvType.F16);
        using KvCache cache = model.CreateCache(256), fresh = model.CreateCache(256);
        float[] expected = DemoModel.Run(model, fresh, Ids, 64);
        DemoModel.Run(model, cache, [.. Ids[..5], 1, 2, 3, 4], 64);
        cache.Truncate(5);
        Assert.Equal(expected, DemoModel.Run(model, cache, Ids.AsSpan(5), 64));
        Assert.Equal(Ids.Length, cache.Length);
    }

    [Fact]
    public void Forward_AfterWarmUp_AllocatesNothing()
    {
        using Model model = Load(Arithmetic.Integer, KvType.F16);
        using KvCache cache = model.CreateCache(512);
        Decode(model, cache, 100);
        long own = GC.GetAllocatedBytesForCurrentThread();
        Decode(model, cache, 200);
        own = GC.GetAllocatedBytesForCurrentThread() - own;
        Assert.Equal(0, own);
    }

    [Fact]
    public void Forward_BadRows_AreRefusedAndNothingIsAppended()
    {
        using Model model = Load(Arithmetic.Integer, KvType.F16), other = Load(Arithmetic.Integer, KvType.F16);
        using KvCache cache = model.CreateCache(3), foreign = other.CreateCache(3);
        BatchRow good = new(1, cache, false);
        Assert.Throws<ArgumentException>(() => { model.Forward([good, new(768, cache, true)]); });
        Assert.Throws<ArgumentException>(() => { model.Forward([good, new(-1, cache, true)]); });
        Assert.Throws<ArgumentException>(() => { model.Forward([good, new(1, foreign, true)]); });
        Assert.Throws<ArgumentException>(() => { model.Forward([good, good, good, good]); });
        Assert.Throws<ArgumentException>(() => { model.Forward(Enumerable.Repeat(good, 65).ToArray()); });
        Assert.Equal(0, cache.Length);
        Assert.Equal(0, model.Forward([good, good, good]).Length);
        Assert.Equal(3, cache.Length);
    }

    [Fact]
    public void WeightBytesPerToken_MixtureOfExperts_CountsTheUsedOnes()
    {
        using Model model = Load(Arithmetic.Integer, KvType.F16);
        // 256-wide Q8_0 rows are 272 bytes: q, k, v, o, two experts' three matrices, a F32 router; the head and one
        // row.
        long layer = (256 + 128 + 128 + 256 + 2 * 3 * 256) * 272L + 8 * 256 * 4;
        Assert.Equal(4 * layer + 768 * 272 + 272, model.WeightBytesPerToken);
    }

    private static void Decode(Model model, KvCache cache, int count)
    {
        Span<BatchRow> row = [default];
        for (int i = 0; i < count; i++)
        {
            row[0] = new BatchRow(i % 700, cache, true);
            model.Forward(row);
        }
    }

    private static Model Load(Arithmetic arithmetic, KvType kv) => Model.Load(
        DemoModel.File("q8_0"), new ModelOptions { Arithmetic = arithmetic, KvType = kv, Threads = 2 });
}
