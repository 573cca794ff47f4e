using Edge.Engine;
using Edge.Engine.Speculation;

namespace Edge.Tests.Engine;

/// <summary>A scheduler on the fake model and the fake clock, stepped by the test.</summary>
internal sealed class Bench : IDisposable
{
    private readonly Dictionary<string, RecordingSink> _sinks = [];

    public Bench(int slots = 2, int queue = 32, int context = 256, int batch = 32,
        SpeculationOptions? speculation = null, bool streamed = false)
    {
        Model = new FakeModel(TinyVocabulary.Size, context, batch);
        if (streamed) Model.Storage = new(1000, 0);
        Scheduler = new Scheduler(Model, TinyVocabulary.Tokenizer,
            new() { SlotsMax = slots, QueueMax = queue, Speculation = speculation }, Model.Clock, startThread: false);
    }

    public FakeModel Model { get; }
    public Scheduler Scheduler { get; }
    public RecordingSink this[string id] => _sinks[id];

    public static GenerationRequest Request(string id, string prompt = "question", int max = 8) => new()
    {
        Id = id, Prompt = TinyVocabulary.Ids(prompt), Sink = new RecordingSink(), MaxTokens = max,
    };

    public AdmissionResult Offer(GenerationRequest request)
    {
        AdmissionResult result = Scheduler.TryAccept(request);
        if (result.Admission == Admission.Accepted) _sinks[request.Id] = (RecordingSink)request.Sink;
        return result;
    }

    public void Accept(GenerationRequest request) => Assert(Offer(request).Admission == Admission.Accepted);

    public GenerationResult RunAlone(GenerationRequest request)
    {
        Accept(request);
        RunAll();
        return this[request.Id].Result;
    }

    public void RunAll()
    {
        for (int i = 0; Scheduler.IsBusy; i++)
        {
            Assert(i < 100_000);
            Scheduler.Step();
        }
    }

    public void Dispose() => Scheduler.Dispose();

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}
