using Edge.Engine;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Models;
using Edge.Tests.Models.Pack;
using Edge.Tests.Models.Streaming;
using Edge.Tests.Text;
using Edge.Tests.Weights;
using Xunit;

namespace Edge.Tests.Engine;

/// <summary>Requests on a model that streams: storage that fails ends the requests of its step and nothing else.
/// </summary>
[Collection("packed demo")]
public sealed class StreamedModelTests(PackedDemo demo)
{
    private static GenerationRequest Request(string id) => new()
    {
        Id = id, Sink = new RecordingSink(), MaxTokens = 24, Prompt = DemoModel.Reference("q4_0")[id.Length].Ids,
    };

    [Fact]
    public void Step_StorageFails_EndsItsRequestsAndServesTheNext()
    {
        string packed = demo.Get("q4_0", new PackOptions { Target = PackTarget.Keep }).Path;
        FaultyStorage? storage = null;
        using Model model = Model.Load(packed, new ModelOptions
        {
            Threads = 2, Memory = StreamedExpertsTests.Budget(packed, 9),
            OpenStorage = path => storage = new FaultyStorage(path),
        });
        using var scheduler = new Scheduler(model, Golden.Demo, new() { SlotsMax = 2, ContextLength = 256 },
            TimeProvider.System, startThread: false);

        string expected = Finish("a").Text;
        GenerationRequest first = Accepted("bb"), second = Accepted("ccc");
        scheduler.Step();
        storage!.OnRead = (_, _, _) => throw new IOException("Input/output error");
        while (scheduler.IsBusy) scheduler.Step();
        foreach (GenerationRequest failed in (GenerationRequest[])[first, second])
        {
            GenerationResult result = ((RecordingSink)failed.Sink).Result;
            Assert.Equal(FinishReason.Failed, result.Reason);
            Assert.Contains("weights could not be read", result.Error, StringComparison.Ordinal);
        }
        storage.OnRead = null;
        Assert.Equal(expected, Finish("a").Text);
        Assert.Equal(2, scheduler.Statistics.Failed);

        GenerationRequest Accepted(string id)
        {
            GenerationRequest request = Request(id);
            Assert.Equal(Admission.Accepted, scheduler.TryAccept(request).Admission);
            return request;
        }

        GenerationResult Finish(string id)
        {
            GenerationRequest request = Accepted(id);
            while (scheduler.IsBusy) scheduler.Step();
            GenerationResult result = ((RecordingSink)request.Sink).Result;
            Assert.True(result.Reason is FinishReason.Stop or FinishReason.Length, result.Error);
            return result;
        }
    }
}
