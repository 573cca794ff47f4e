using Edge.Engine;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Engine;

public class GeneratorTests
{
    [Fact]
    public void Run_SamePrompt_GivesTheSchedulersReply()
    {
        using var bench = new Bench();
        string expected = bench.RunAlone(Bench.Request("r", max: 40)).Text;
        using var generator = new Generator(new FakeModel(TinyVocabulary.Size), TinyVocabulary.Tokenizer);
        for (int i = 0; i < 2; i++)
        {
            GenerationRequest request = Bench.Request("r", max: 40);
            Assert.Equal(expected, generator.Run(request).Text);
            Assert.Equal(1, ((RecordingSink)request.Sink).FinishedCalls);
        }
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => generator.Run(Bench.Request("r", ""))).Message);
        Assert.Equal(FinishReason.Cancelled, generator.Run(Bench.Request("r"), new CancellationToken(true)).Reason);
    }

    [Theory]
    [InlineData(256, 255)]
    [InlineData(50, 20)]
    [InlineData(2, 1)]
    public void Score_Windows_SumsEachTokensSurpriseOnce(int context, int stride)
    {
        int[] tokens = [.. Enumerable.Range(0, 130).Select(i => i * 7 % 256)];
        var model = new FakeModel(TinyVocabulary.Size);
        ScoringResult result = Scoring.Score(model, TinyVocabulary.Tokenizer, tokens, context, stride);

        double expected = 0;
        var reference = new FakeModel(TinyVocabulary.Size);
        for (int t = 1, start = 0; t < tokens.Length; t++)
        {
            while (t >= start + context) start += stride; // the first window that holds it
            using var cache = new FakeCache(256, model);
            ReadOnlySpan<float> logits = default;
            for (int i = start; i < t; i++) logits = reference.Forward(new BatchRow[] { new(tokens[i], cache, true) });
            double sum = 0;
            foreach (float x in logits) sum += Math.Exp(x);
            expected += Math.Log(sum) - logits[tokens[t]];
        }
        Assert.Equal(expected, result.NegativeLogLikelihood, 1e-6);
        Assert.Equal((129, 129), (result.Tokens, result.Bytes));
        Assert.Equal(Math.Exp(expected / 129), result.Perplexity, 1e-6);
    }

    [Fact]
    public void SpeedTest_FakeModel_RunsEveryTokenOnce()
    {
        var model = new FakeModel(TinyVocabulary.Size);
        SpeedSample sample = SpeedTest.Run(model, 70, 30);
        Assert.Equal((100, 32), (model.RowsRun, model.LargestBatch));
        Assert.True(sample.PrefillTokensPerSecond > 0 && sample.DecodeTokensPerSecond > 0);
    }
}
