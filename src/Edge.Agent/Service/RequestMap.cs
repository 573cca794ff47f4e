using Edge.Agent.Config;
using Edge.Engine;
using Edge.Mqtt;
using Edge.Text;

namespace Edge.Agent.Service;

/// <summary>The only place that knows both the wire's chat call and the engine's request.</summary>
internal sealed class RequestMap(
    LoadedModel loaded, Scheduler scheduler, string modelName, InferenceConfig limits)
{
    /// <summary>What can be refused without reading the messages; null: perhaps nothing. Any thread.</summary>
    public Problem? Foresee(ChatCall call, int coming) => WhyOtherModel(call.Request)
        ?? ToProblem(scheduler.Foresee(call.Requester, call.Priority, call.Deadline, coming), 0, 0);

    /// <summary>The engine's request, or the problem for which it cannot be one.</summary>
    public (GenerationRequest? Request, Problem? Problem) ToGeneration(ChatCall call, ITokenSink sink)
    {
        var chat = call.Request;
        if (WhyOtherModel(chat) is { } other) return (null, other);
        if (ToGrammar(chat.Format, out var grammar) is { } unsupported) return (null, unsupported);
        IReadOnlyList<int> prompt;
        try
        {
            prompt = loaded.EncodeChat(
                [.. chat.Messages.Select(turn => new ChatMessage(turn.Role, turn.Content))], grammar is not null);
        }
        catch (UserErrorException e)
        {
            // The model's own template refuses the conversation: roles in an order that it does not know, for example.
            return Refuse(ProblemCode.InvalidPayload, e.Message, "/messages");
        }
        return (new GenerationRequest
        {
            Id = call.Id,
            Requester = call.Requester,
            Priority = call.Priority,
            Prompt = prompt,
            Sink = sink,
            Sampling = ToSampling(chat, call.ReceivedAt),
            MaxTokens = Math.Min(chat.MaxTokens ?? limits.MaxTokensDefault, limits.MaxTokens),
            Stop = chat.Stop,
            Deadline = call.Deadline,
            Grammar = grammar,
        }, null);
    }

    private Problem? WhyOtherModel(ChatRequest chat) => chat.Model is { Length: > 0 } name && name != modelName
        ? new Problem(ProblemCode.ModelNotFound, $"this node serves '{modelName}', not '{name}'", "/model") : null;

    /// <summary>What the requester is told when the scheduler does not take the request; null when it does.</summary>
    public static Problem? ToProblem(AdmissionResult result, int promptTokens, int contextTokens) =>
        result.Admission switch
    {
        Admission.Accepted => null,
        Admission.QueueFull => new Problem(
            ProblemCode.QueueFull, result.Detail,
            RetryAfterSeconds: Math.Max(1, Math.Ceiling(result.RetryAfterSeconds))),
        Admission.ContextOverflow => new Problem(
            ProblemCode.ContextOverflow, result.Detail, "/messages", PromptTokens: promptTokens,
            ContextTokens: contextTokens),
        Admission.DeadlineUnreachable => new Problem(ProblemCode.DeadlineUnreachable, result.Detail),
        Admission.Invalid => new Problem(ProblemCode.InvalidPayload, result.Detail),
        Admission.Draining => NotReady("the node is stopping"),
        _ => throw new InvalidOperationException($"admission {result.Admission}"),
    };

    public static Problem NotReady(string why) => new(ProblemCode.NotReady, why, RetryAfterSeconds: 5);

    /// <summary>Ends the call with what the engine made of it.</summary>
    public void Finish(ReplyStream reply, GenerationResult result)
    {
        switch (result.Reason)
        {
            case FinishReason.Stop or FinishReason.Length:
                reply.Final(ToChatResult(result));
                break;
            case FinishReason.Cancelled:
                reply.Fail(new Problem(ProblemCode.Cancelled, $"cancelled after {result.CompletionTokens} tokens"));
                break;
            case FinishReason.Timeout:
                reply.Fail(new Problem(
                    ProblemCode.Timeout,
                    $"the deadline passed after {result.CompletionTokens} tokens; " +
                    "ask for fewer or allow more time"));
                break;
            default:
                reply.Fail(new Problem(ProblemCode.Internal, result.Error ?? "generation failed"));
                break;
        }
    }

    private ChatResult ToChatResult(GenerationResult result)
    {
        var t = result.Timings;
        return new ChatResult(
            result.Text, result.Reason == FinishReason.Length ? ChatFinish.Length : ChatFinish.Stop,
            result.PromptTokens, result.CompletionTokens,
            new ChatTimings(
                t.QueueMs, t.PromptMs, t.TtftMs, t.TokensPerSecond, t.CachedTokens,
                t.Drafted > 0 ? t.Drafted : null, t.Drafted > 0 ? t.Accepted : null),
            modelName);
    }

    /// <summary>What a client leaves out is greedy: a node that answers machines should answer the same way
    /// twice.</summary>
    private static SamplingOptions ToSampling(ChatRequest chat, long receivedAt) => new()
    {
        Temperature = (float)(chat.Temperature ?? 0),
        TopK = chat.TopK ?? 0,
        TopP = (float)(chat.TopP ?? 1),
        MinP = (float)(chat.MinP ?? 0),
        RepetitionPenalty = (float)(chat.RepetitionPenalty ?? 1),
        Seed = chat.Seed ?? (ulong)receivedAt,
    };

    private static Problem? ToGrammar(ReplyFormat format, out Grammar? grammar)
    {
        grammar = null;
        switch (format.Shape)
        {
            case ReplyShape.Text:
                return null;
            case ReplyShape.JsonObject:
                grammar = Grammar.JsonObject;
                return null;
            default:
                return Grammar.TryFromJsonSchema(format.Schema, out grammar, out var error)
                    ? null
                    : new Problem(
                        ProblemCode.SchemaUnsupported, $"{error!.Keyword} at '{error.Pointer}': {error.Message}",
                        "/response_format/json_schema/schema" + error.Pointer.TrimStart('#'));
        }
    }

    private static (GenerationRequest?, Problem) Refuse(ProblemCode code, string detail, string pointer) =>
        (null, new Problem(code, detail, pointer));
}
