using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Engine.Speculation;

[Collection(AloneCollection.Name)]
public class SpeculatorTests
{
    [Fact]
    public void Create_DraftOfAnotherVocabulary_IsRefusedWithTheDifference()
    {
        using var model = new FakeModel(TinyVocabulary.Size);
        string Refusal(SpeculationOptions options) => Assert.Throws<ArgumentException>(() =>
            new Generator(model, TinyVocabulary.Tokenizer, 0, options)).Message;
        SpeculationOptions other = new() { DraftModel = model, DraftTokenizer = Edge.Tests.Text.Golden.Demo };
        Assert.Contains("768 tokens", Refusal(other));
        Assert.Contains("token 65", Refusal(other with { DraftTokenizer = Swapped(65, 66) }));
        Assert.Contains("DraftMax 0", Refusal(new() { DraftMax = 0 }));
    }

    [Theory]
    [InlineData(Sources.Lookup)]
    [InlineData(Sources.Same)]
    public void Step_Decoding_AllocatesNothingPerToken(string source)
    {
        foreach (bool streamed in new[] { false, true })
        {
            using var bench = new Bench(
                slots: 2, context: 2048, batch: 64, speculation: Sources.Of(source), streamed: streamed);
            bench.Model.Next = Sources.Script;
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(Admission.Accepted, bench.Scheduler.TryAccept(
                    Bench.Request($"r{i}", "p" + i, i < 2 ? 300 : 2000) with
                    {
                        Sink = new SilentSink(), Stop = ["klmx", "never"],
                        Sampling = new() { Temperature = i % 2, TopK = 20, RepetitionPenalty = 1.01f },
                    }).Admission);
                if (i == 1) bench.RunAll(); // two replies warm everything up
            }
            for (int i = 0; i < 40; i++) bench.Scheduler.Step();
            long tokens = bench.Scheduler.Statistics.TokensGenerated;
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++) bench.Scheduler.Step();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(bench.Scheduler.Statistics.TokensGenerated > tokens + 250);
            Assert.Equal(2, bench.Scheduler.Statistics.ActiveSlots);
        }
    }

    [Theory]
    [InlineData(Sources.Lookup)]
    [InlineData(Sources.Other)]
    public void Cancel_WhileDraftsStand_TheNextReplyOfTheSlotIsRight(string source)
    {
        using var plain = new Bench(slots: 1);
        plain.Model.Next = Sources.Script;
        string expected = plain.RunAlone(Bench.Request("plain", "question two", 60)).Text;
        for (int steps = 2; steps < 14; steps++)
        {
            using var bench = new Bench(slots: 1, batch: 64, speculation: Sources.Of(source), streamed: true);
            bench.Model.Next = Sources.Script;
            bench.Accept(Bench.Request("first", "question one", 200));
            for (int i = 0; i < steps; i++) bench.Scheduler.Step();
            bench.Scheduler.Cancel("first");
            GenerationResult second = bench.RunAlone(Bench.Request("second", "question two", 60));
            Assert.Equal(FinishReason.Cancelled, bench["first"].Result.Reason);
            Assert.Equal((expected, true), (second.Text, second.Timings.CachedTokens > 8));
        }
    }

    /// <summary>Whatever was refused or ended, the next prompt that goes on from a reply finds it in the
    /// cache.</summary>
    [Theory]
    [InlineData(Sources.Lookup)]
    [InlineData(Sources.Same)]
    [InlineData(Sources.Other)]
    public void Start_PromptThatGoesOnFromAReply_GivesTheReplyOfAFreshSlot(string source)
    {
        using var bench = new Bench(slots: 1, context: 512, batch: 64, speculation: Sources.Of(source));
        using var fresh = new Bench(slots: 1, context: 512);
        bench.Model.Next = fresh.Model.Next = Sources.Script;
        for (int max = 1; max < 60; max += 3)
        {
            string[] stop = max % 2 == 0 ? [] : [", a"];
            string prompt = "dialogue " + max;
            string reply = bench.RunAlone(Bench.Request($"a{max}", prompt, max) with { Stop = stop }).Text;
            string whole = prompt + Printable(reply) + "?";
            GenerationResult next = bench.RunAlone(Bench.Request($"b{max}", whole, 50));
            GenerationResult alone = fresh.RunAlone(Bench.Request($"b{max}", whole, 50));
            Assert.Equal(alone.Text, next.Text);
        }
    }

    /// <summary>The governor's word: a hot board drafts nothing, says the same, and drafts again when it is
    /// cool.</summary>
    [Theory]
    [InlineData(Sources.Lookup, 0)]
    [InlineData(Sources.Same, 0)]
    [InlineData(Sources.Same, 1)]
    public void Effort_WithoutSpeculation_DraftsNothingUntilItIsAllowedAgain(string source, int temperature)
    {
        using var bench = new Bench(slots: 1, batch: 64, speculation: Sources.Of(source));
        bench.Model.Next = Sources.Script;
        long Drafted(Effort effort, string id)
        {
            bench.Scheduler.Effort = effort;
            bench.Scheduler.Step();
            long before = bench.Scheduler.Statistics.Speculation!.Drafted;
            var result = bench.RunAlone(Bench.Request(id, "question", 30) with
            {
                Sampling = new() { Temperature = temperature, TopK = 1 },
            });
            Assert.Equal(30, result.CompletionTokens);
            return bench.Scheduler.Statistics.Speculation!.Drafted - before;
        }
        Assert.True(Drafted(Effort.Full, "cool") > 0);
        Assert.Equal(0, Drafted(Effort.Full with { Speculation = false }, "hot"));
        Assert.True(Drafted(Effort.Full, "cool again") > 0);
        Assert.Equal(bench["cool"].Result.Text, bench["hot"].Result.Text);
    }

    [Fact]
    public void Step_StreamsBesideOneThatDrafts_KeepTheirPace()
    {
        using var bench = new Bench(slots: 2, batch: 64, speculation: Sources.Of(Sources.Lookup));
        bench.Model.Next = cache => cache.Tokens[0] == 'r' ? Sources.Script(cache) : -1;
        bench.Accept(Bench.Request("repeats", "repeat", 200));
        bench.Accept(Bench.Request("other", "other", 60));
        while (!bench["other"].Done.IsCompleted) bench.Scheduler.Step();
        Assert.InRange(bench.Scheduler.Statistics.Steps, 60, 62); // a token every step
        Assert.True(bench.Model.LargestBatch <= 2 * (1 + 5) + 5);
    }

    private static string Printable(string text) => text.All(char.IsAscii) ? text : "";

    // Two tokens of the byte vocabulary in each other's place.
    private static Tokenizer Swapped(int a, int b)
    {
        string path = Path.GetTempFileName();
        try
        {
            string[] spellings = TinyVocabulary.Spellings();
            (spellings[a], spellings[b]) = (spellings[b], spellings[a]);
            TinyVocabulary.Write(path, spellings);
            return Tokenizer.FromGguf(GgufFile.Open(path).Metadata);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private sealed class SilentSink : ITokenSink
    {
        public void OnText(ReadOnlySpan<char> text, int tokens) { }
        public void OnFinished(GenerationResult result) { }
    }
}
