using Edge.Engine;
using Edge.Gguf;
using Edge.Models;
using Edge.Tests.Gguf;
using Edge.Tests.Models;
using Xunit;

namespace Edge.Tests.Engine;

/// <summary>Two models beside each other over a text.</summary>
public sealed class ComparisonTests
{
    private static readonly int[] Ids = [.. DemoModel.Reference("q8_0").Take(4).SelectMany(prompt => prompt.Ids)];

    [Fact]
    public void Run_AModelWithItself_FindsNoDifference()
    {
        using Model a = Load("q8_0"), b = Load("q8_0");
        ComparisonResult result = Comparison.Run(a, b, Ids, 40);
        Assert.Equal(Ids.Length - 1, result.Tokens);
        Assert.Equal((0, 0, 1), (result.MaxDivergence, result.MaxLogitError, result.TopAgreement));
        Assert.Equal(result.NatsPerTokenA, result.NatsPerTokenB);
    }

    [Fact]
    public void Run_TwoModels_GivesWhatADirectSumGives()
    {
        using Model a = Load("q8_0"), b = Load("q4_0");
        const int Window = 30;
        ComparisonResult result = Comparison.Run(a, b, Ids, Window);
        double divergence = 0, worst = 0, largest = 0;
        int agreed = 0, count = 0;
        using KvCache cacheA = a.CreateCache(Window), cacheB = b.CreateCache(Window);
        for (int start = 0; start < Ids.Length - 1; start += Window - 1)
        {
            cacheA.Truncate(0);
            cacheB.Truncate(0);
            for (int at = start; at < Math.Min(start + Window, Ids.Length) - 1; at++, count++)
            {
                float[] x = a.Forward([new BatchRow(Ids[at], cacheA, true)]).ToArray();
                float[] y = b.Forward([new BatchRow(Ids[at], cacheB, true)]).ToArray();
                double here = DemoModel.Divergence(x, y);
                divergence += here;
                worst = Math.Max(worst, here);
                largest = Math.Max(largest, DemoModel.MaxDifference(x, y));
                if (DemoModel.ArgMax(x) == DemoModel.ArgMax(y)) agreed++;
            }
        }
        Assert.Equal(Ids.Length - 1, count);
        Assert.Equal(divergence / count, result.MeanDivergence, 1e-9);
        Assert.Equal(worst, result.MaxDivergence, 1e-9);
        Assert.Equal(largest, result.MaxLogitError, 1e-6);
        Assert.Equal((double)agreed / count, result.TopAgreement, 1e-12);
        Assert.InRange(result.MeanDivergence, 1e-6, 1);
    }

    [Fact]
    public void Run_OtherVocabulariesOrNoText_AreRefused()
    {
        using Model a = Load("q8_0");
        using Model b = Model.Load(Path.Combine(DemoModel.Folder, "..", "tiny", "llama.gguf"), new ModelOptions());
        Assert.Contains("768 and 96 tokens", Assert.Throws<ArgumentException>(
            () => Comparison.Run(a, b, Ids, 40)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Comparison.Run(a, a, [1], 40));
    }

    [Fact]
    public void VocabularyMismatch_OtherTokensOfTheSameNumber_AreNamed()
    {
        Edge.Text.Tokenizer own = Vocabulary("hot"), changed = Vocabulary("dry");
        Assert.Null(Comparison.VocabularyMismatch(own, own));
        string? mismatch = Comparison.VocabularyMismatch(own, changed);
        Assert.Contains("only models with one vocabulary can be compared", mismatch, StringComparison.Ordinal);
        Assert.Contains("token 4 is 'hot' to A and 'dry' to B", mismatch, StringComparison.Ordinal);
    }

    private static Edge.Text.Tokenizer Vocabulary(string word)
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.Set("general.architecture", "llama");
            writer.Set("tokenizer.ggml.model", "llama");
            writer.SetArray("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a", word]);
            writer.Set("tokenizer.ggml.unknown_token_id", 0u);
            writer.SetArray<float>("tokenizer.ggml.scores", [0, 0, 0, -1, -2]);
            writer.SetArray<int>("tokenizer.ggml.token_type", [2, 3, 3, 1, 1]);
            writer.Complete();
        }
        return Edge.Text.Tokenizer.FromGguf(GgufFile.Open(file.Path).Metadata);
    }

    [Fact]
    public void Score_StepWise_GivesTheSameOfAResidentModel()
    {
        using Model model = Load("q8_0");
        var tokenizer = Edge.Text.Tokenizer.FromGguf(model.Metadata);
        ScoringResult whole = Scoring.Score(model, tokenizer, Ids, 64, 32);
        ScoringResult steps = Scoring.Score(model, tokenizer, Ids, 64, 32, stepWise: true);
        Assert.Equal(whole, steps);
    }

    private static Model Load(string type) => Model.Load(DemoModel.File(type), new ModelOptions { Threads = 2 });
}
