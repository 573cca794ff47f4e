using System.Diagnostics;
using System.Text;
using Edge.Engine;
using Edge.Mqtt;
using Edge.Text;

namespace Edge.Agent.Rules;

/// <summary>Asks the model what a rule asks; the answer comes as a message that is ready to be published.</summary>
internal sealed class RuleAsker(
    string node, string root, Func<IReadOnlyList<ChatMessage>, bool, IReadOnlyList<int>> encode,
    Func<GenerationRequest, AdmissionResult> accept)
{
    private readonly string _boot = Guid.NewGuid().ToString("N")[..12];
    private long _nextId;

    /// <summary>Null: <paramref name="done"/> will be called once, on the scheduler's thread, with a message or a
    /// problem. Else why the question was not taken.</summary>
    public string? Ask(RuleQuestion question, Action<MqttMessage?, string?> done)
    {
        var config = question.Rule.Config;
        IReadOnlyList<int> prompt;
        try
        {
            ChatMessage[] system = question.System is { } text ? [new ChatMessage("system", text)] : [];
            prompt = encode([.. system, new ChatMessage("user", question.Prompt)],
                question.Rule.Grammar is not null);
        }
        catch (UserErrorException e)
        {
            return e.Message; // The model's template refuses the messages.
        }
        string id = $"rule-{_boot}-{++_nextId}";
        var admission = accept(new GenerationRequest
        {
            Id = id,
            Requester = $"rule/{config.Name}", // Taken in turn with everyone else's requests.
            Prompt = prompt,
            Sink = new Sink(result => Finish(question, id, result, done)),
            MaxTokens = config.MaxTokens,
            Deadline = Stopwatch.GetTimestamp() + (long)(config.TimeoutSeconds * Stopwatch.Frequency),
            Grammar = question.Rule.Grammar,
        });
        return admission.Admission == Admission.Accepted ? null : $"not asked: {admission.Detail}";
    }

    private void Finish(
        RuleQuestion question, string id, GenerationResult result, Action<MqttMessage?, string?> done)
    {
        bool whole = result.Reason == FinishReason.Stop
            // Free text that is cut is still text; a JSON value that is cut is none.
            || (result.Reason == FinishReason.Length && question.Rule.Grammar is null);
        if (!whole) done(null, $"no answer ({result.Reason}): {result.Error ?? "allow more time or more tokens"}");
        else done(Answer(question, id, result.Text), null);
    }

    private MqttMessage Answer(RuleQuestion question, string id, string text) => new()
    {
        Topic = question.Topic,
        Payload = Encoding.UTF8.GetBytes(text),
        Qos = question.Rule.Publish.Qos,
        Retain = question.Rule.Publish.Retain,
        ContentType = question.Rule.Grammar is null ? "text/plain" : "application/json",
        UserProperties =
        [
            new(RuleBook.Mark, $"{node}/{question.Rule.Name}"),
            new("specversion", "1.0"), new("id", id), new("source", $"/{root}/node/{node}"), new("type", "edge.rule"),
            new("time", DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ")),
        ],
    };

    private sealed class Sink(Action<GenerationResult> finished) : ITokenSink
    {
        public void OnText(ReadOnlySpan<char> text, int tokens)
        {
            // Only the whole answer is published.
        }

        public void OnFinished(GenerationResult result) => finished(result);
    }
}
