using System.Text.Json;
using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Models;
using Edge.Tests.Text;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Engine;

[Collection(AloneCollection.Name)]
public sealed class DemoModelTests : IDisposable
{
    private const int Rows = 4; // few: the kernels of an unoptimised build are slow
    private readonly Model _model = Model.Load(
        Golden.Path("demo-model/sensor-triage-moe-q8_0.gguf"), new() { Threads = 1 });
    private readonly (string Prompt, string Expected)[] _eval =
    [
        .. File.ReadLines(Golden.Path("demo-model/eval.jsonl")).Take(Rows)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(row => (row.GetProperty("prompt").GetString()!, row.GetProperty("expected").GetString()!)),
    ];

    public void Dispose() => _model.Dispose();

    private GenerationRequest Request(int row) => new()
    {
        Id = $"{row}", Requester = $"{row % 3}", Sink = new RecordingSink(), MaxTokens = 64,
        Prompt = Golden.Demo.EncodeToIds($"<|im_start|>user\n{_eval[row].Prompt}<|im_end|>\n<|im_start|>assistant\n"),
    };

    private GenerationResult[] RunAll(
        int slots, Func<int, GenerationRequest> request, SpeculationOptions? speculation = null)
    {
        using var scheduler = new Scheduler(
            _model, Golden.Demo, new() { SlotsMax = slots, QueueMax = Rows, Speculation = speculation },
            TimeProvider.System, startThread: false);
        GenerationRequest[] requests = [.. Enumerable.Range(0, Rows).Select(request)];
        foreach (GenerationRequest r in requests) Assert.Equal(Admission.Accepted, scheduler.TryAccept(r).Admission);
        while (scheduler.IsBusy) scheduler.Step();
        return [.. requests.Select(r => ((RecordingSink)r.Sink).Result)];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Scheduler_GreedyEvalRows_GiveTheExpectedReplies(int slots)
    {
        GenerationResult[] results = RunAll(slots, Request);
        Assert.Equal(_eval.Select(row => row.Expected), results.Select(r => r.Text));
        Assert.All(results, r => Assert.Equal(FinishReason.Stop, r.Reason));
        Assert.Contains(results, r => r.Timings.CachedTokens > 0);
    }

    [Theory]
    [InlineData("", 0.05)]
    [InlineData("q4_0", 0.9)]
    public void Scheduler_EvalRowsWithDrafts_GiveTheSameReplies(string draft, double rightLeast)
    {
        using Model? small = draft.Length == 0 ? null : Model.Load(
            Golden.Path($"demo-model/sensor-triage-moe-{draft}.gguf"), new() { Threads = 1 });
        var options = new SpeculationOptions
        {
            DraftModel = small, DraftTokenizer = small is null ? null : Golden.Demo, Adaptive = false,
        };
        GenerationRequest Constrained(int row) => Request(row) with { Grammar = Grammar.JsonObject };
        foreach (Func<int, GenerationRequest> request in (Func<int, GenerationRequest>[])[Request, Constrained])
        {
            GenerationResult[] results = RunAll(3, request, options);
            Assert.Equal(_eval.Select(row => row.Expected), results.Select(r => r.Text));
            double drafted = results.Sum(r => r.Timings.Drafted), right = results.Sum(r => r.Timings.Accepted);
            Assert.True(right > rightLeast * drafted && drafted > 20, $"{right} of {drafted}");
        }
    }

    [Fact]
    public void Scheduler_SampledUnderJsonGrammar_EveryReplyParses()
    {
        GenerationResult[] results = RunAll(3, row => Request(row) with
        {
            Grammar = Grammar.JsonObject, MaxTokens = 24,
            Sampling = new() { Temperature = 1.8f, Seed = (ulong)row },
        });
        Assert.All(results, r =>
        {
            Assert.True(r.Reason == FinishReason.Stop, $"{r.Reason} {r.Error}: {r.Text}");
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(r.Text).RootElement.ValueKind);
        });
        Assert.True(results.Select(r => r.Text).Distinct().Count() > 1);
    }

    [Fact]
    public void Step_DecodingUnderGrammarOnTheRealModel_AllocatesNothingPerToken()
    {
        using var scheduler = new Scheduler(
            _model, Golden.Demo, new() { SlotsMax = 1 }, TimeProvider.System, startThread: false);
        long Run(string id)
        {
            var sink = new SilentSink();
            Assert.Equal(Admission.Accepted, scheduler.TryAccept(
                Request(0) with { Id = id, Sink = sink, Grammar = Grammar.JsonObject, MaxTokens = 60 }).Admission);
            while (scheduler.Statistics.DecodeTokensPerSecond == 0) scheduler.Step();
            for (int i = 0; i < 3; i++) scheduler.Step();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 12; i++) scheduler.Step();
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Null(sink.Result);
            while (scheduler.IsBusy) scheduler.Step();
            Assert.Equal(FinishReason.Stop, sink.Result!.Reason);
            return bytes;
        }
        Run("warm");
        Assert.Equal(0, Run("measured"));
    }

    private sealed class SilentSink : ITokenSink
    {
        public GenerationResult? Result { get; private set; }
        public void OnText(ReadOnlySpan<char> text, int tokens) { }
        public void OnFinished(GenerationResult result) => Result = result;
    }
}
