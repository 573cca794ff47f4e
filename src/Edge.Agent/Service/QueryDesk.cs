using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Edge.Mqtt;
using Edge.Text;

namespace Edge.Agent.Service;

/// <summary>Answers what needs no token of the model: how many tokens a text has, and how the node is. One after
/// another on a loop of its own; the network thread only enqueues.</summary>
internal sealed class QueryDesk : IDisposable
{
    /// <summary>Questions that wait.</summary>
    public const int CallsMax = 16;
    /// <summary>Above it the ids stay out of the answer; their number is what most askers want.</summary>
    public const int IdsMax = 8192;

    private readonly Channel<QueryCall> _calls = Channel.CreateBounded<QueryCall>(CallsMax);
    private readonly TaskCompletionSource<Func<HealthReport>> _health =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ModelSeat _seat;

    public QueryDesk(ModelSeat seat)
    {
        _seat = seat;
        Loop = Task.Run(RunAsync);
    }

    /// <summary>Ends with the desk; faulted before: a bug.</summary>
    public Task Loop { get; }

    /// <summary>From now on questions are answered; until then they wait.</summary>
    public void Start(Func<HealthReport> health) => _health.SetResult(health);

    /// <summary>On a network thread.</summary>
    public void OnQuery(QueryCall call)
    {
        if (!_calls.Writer.TryWrite(call))
            call.Reply.Fail(new Problem(ProblemCode.QueueFull, "too many questions wait", RetryAfterSeconds: 1));
    }

    public void Dispose()
    {
        _calls.Writer.TryComplete();
        _health.TrySetCanceled();
        Task.WhenAny(Loop).Wait(); // A fault is told by Loop.
    }

    private async Task RunAsync()
    {
        var health = await _health.Task;
        await foreach (var call in _calls.Reader.ReadAllAsync())
        {
            if (Stopwatch.GetTimestamp() >= call.Deadline)
                call.Reply.Fail(new Problem(ProblemCode.Timeout, "the deadline passed before it was looked at"));
            else if (call.Request.Command == QueryCommand.Health) Health(call, health());
            else Tokenize(call);
        }
    }

    private static void Health(QueryCall call, HealthReport now) =>
        call.Reply.Done("edge.health", json =>
        {
            using var report = JsonSerializer.SerializeToDocument(now, HealthJson.Default.HealthReport);
            foreach (var field in report.RootElement.EnumerateObject()) field.WriteTo(json);
        });

    private void Tokenize(QueryCall call)
    {
        var (ids, model, problem) = Encode(call.Request);
        if (problem is not null)
        {
            call.Reply.Fail(problem);
            return;
        }
        call.Reply.Done("edge.tokens", json =>
        {
            json.WriteString("model", model!.Choice.Name);
            json.WriteNumber("count", ids!.Count);
            json.WriteNumber("context_length", model.Scheduler.ContextLength);
            if (ids.Count > IdsMax) return;
            json.WriteStartArray("tokens");
            foreach (int id in ids) json.WriteNumberValue(id);
            json.WriteEndArray();
        });
    }

    private (IReadOnlyList<int>? Ids, ServedModel? Model, Problem? Problem) Encode(QueryRequest request)
    {
        if (_seat.Current is not { } model) return (null, null, RequestMap.NotReady(ModelSeat.Empty));
        if (request.Model is { } name && name != model.Choice.Name)
            return (null, null, new Problem(
                ProblemCode.ModelNotFound, $"this node serves '{model.Choice.Name}', not '{name}'", "/model"));
        try
        {
            // As a message's content is read: what spells a control token is text.
            var ids = request.Text is { } text
                ? model.Loaded.Tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: false)
                : model.Loaded.EncodeChat(
                    [.. request.Messages!.Select(turn => new ChatMessage(turn.Role, turn.Content))]);
            return (ids, model, null);
        }
        catch (UserErrorException e)
        {
            return (null, null, new Problem(ProblemCode.InvalidPayload, e.Message, "/messages"));
        }
    }
}
