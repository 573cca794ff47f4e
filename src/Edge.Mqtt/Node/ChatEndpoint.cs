using System.Diagnostics;
using System.Text;
using Edge.Mqtt.Journal;

namespace Edge.Mqtt;

/// <summary>Turns incoming messages into typed calls. Everything here runs on the network threads, before the message
/// is acknowledged.</summary>
internal sealed class ChatEndpoint(
    NodeOptions options, Envelope envelope, NodeHandlers handlers, CallLedger ledger, Func<MqttMessage, bool> publish)
{
    private readonly RequesterLimits _limits = new(options.Requesters);
    private readonly Lock _receiving = new();
    private const int StartsMax = 8;
    private static readonly ChatRequest s_unreadable = new() { Messages = [] };

    /// <summary>One request from arrival to acceptance; <see cref="Accept"/> makes it durable and hands it
    /// over.</summary>
    public void Receive(MqttMessage message, Arrivals arrivals)
    {
        var outside = envelope.Check(message);
        var body = outside is null ? Read(message) : default;
        var reply = envelope.Address(message, body.Address, body.Request, "chat", out var unaddressable);
        if ((outside ?? unaddressable ?? body.Problem) is { } refusal)
        {
            reply.Fail(refusal);
            return;
        }
        var call = MakeCall(message, body.Request!, reply);
        Problem? problem;
        // Two connections may bring the same request at once.
        lock (_receiving)
        {
            if (IsRepetition(call)) return;
            problem = handlers.Admit(call) ?? Charge(call) ?? ledger.Take(call, message);
        }
        if (problem is not null) reply.Fail(problem);
        else arrivals.Calls.Add(call);
    }

    /// <summary>Runs before the acknowledgements leave: one sync makes all that arrived safe from a crash, then the
    /// work begins. What the disk does not take is refused.</summary>
    public void Accept(Arrivals arrivals)
    {
        if (arrivals.Calls.Count == 0) return;
        foreach (var call in arrivals.Calls)
        {
            if (ledger.Sync(call) is { } failed)
            {
                handlers.OnLog(MqttLogLevel.Error, $"the journal does not take requests: {failed}");
                call.Reply.Fail(new(ProblemCode.NotReady,
                    "the node cannot keep the request safe, because its journal cannot be written", null, 30));
            }
            else handlers.OnChat(call);
        }
        arrivals.Calls.Clear();
    }

    /// <summary>Hands over what an earlier run accepted and did not finish; what cannot be run any more is answered
    /// with the reason.</summary>
    public void Resume()
    {
        foreach (var entry in ledger.Unfinished)
        {
            var record = entry.Request;
            _ = ChatRequestReader.TryRead(record.Body, out var request, out var problem);
            var head = new ReplyHead(
                record.Id, options.NodeId, record.Topic, record.Correlation, record.RequestId,
                record.CreatedUnixSeconds);
            // Its deltas would repeat what the requester has seen, perhaps in other words: it gets the whole answer.
            var reply = new ReplyStream(head, request is null ? null : request with { Stream = false }, options,
                publish, isResumed: true);
            var call = new ChatCall(record.Id, request ?? s_unreadable, Stopwatch.GetTimestamp(), entry.Deadline,
                reply, record.Key, record.Hash, _limits.RuleOf(record.Topic));
            ledger.Adopt(entry, call);
            if (request is null) reply.Fail(problem!);
            else if (record.Starts > StartsMax)
                reply.Fail(new(ProblemCode.Internal, $"the node ended {record.Starts} times with this request"));
            else if (record.LeftMs <= 0)
                reply.Fail(new(ProblemCode.Timeout, "the deadline passed while the node was down"));
            else handlers.OnChat(call);
        }
    }

    /// <summary>Answers a command that the contract names, or nobody does, and that this version does not
    /// serve.</summary>
    public void RefuseCommand(MqttMessage message, string command)
    {
        bool isName = command.Length <= 32 && command.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        var body = envelope.Check(message) is null ? Read(message) : default;
        envelope.Address(message, body.Address, null, isName ? command : "unknown", out _).Fail(new(ProblemCode.Version,
            $"this node ({options.Version}) does not serve the command '{(isName ? command : "?")}'; " +
            "`info` lists what it serves"));
    }

    /// <summary>A cancel, from a topic that all nodes read: silent when the call is not here.</summary>
    public void Cancel(MqttMessage message)
    {
        if (message.Retain || message.IsOversized) return;
        byte[] key = message.Correlation.ToArray();
        string? replyTopic = message.ResponseTopic;
        if (key.Length == 0)
        {
            _ = ChatRequestReader.TryReadAddress(message.Payload, out var address);
            if (address.RequestId is null)
            {
                handlers.OnLog(MqttLogLevel.Warning,
                    "mqtt: a cancel names no request; send Correlation Data or {\"request_id\":…}");
                return;
            }
            key = Encoding.UTF8.GetBytes(address.RequestId);
            replyTopic ??= address.ReplyTo;
        }
        if (ledger.FindForCancel(key, replyTopic) is { } call) handlers.OnCancel(call);
    }

    private static (ChatRequest? Request, Problem? Problem, BodyAddress Address) Read(MqttMessage message)
    {
        _ = ChatRequestReader.TryRead(message.Payload, out var request, out var problem, out var address);
        return (request, problem, address);
    }

    private ChatCall MakeCall(MqttMessage message, ChatRequest request, ReplyStream reply)
    {
        long deadline = envelope.DeadlineOf(message, request.TimeoutSeconds);
        byte[] key = message.Correlation.Length > 0 ? message.Correlation.ToArray()
            : request.RequestId is { } id ? Encoding.UTF8.GetBytes(id) : [];
        var rule = _limits.RuleOf(reply.Topic);
        return new(reply.Id, request, message.ReceivedAt, deadline, reply, key, HashOf(message.Payload.Span), rule);
    }

    private Problem? Charge(ChatCall call)
    {
        var rule = _limits.RuleOf(call.Reply.Topic);
        int open = rule.OpenMax > 0 ? ledger.OpenOf(call.Requester) : 0;
        call.Reply.WhenAnswered(tokens => _limits.Spend(call.Requester, tokens));
        return _limits.Charge(call.Requester, rule, open, Stopwatch.GetTimestamp());
    }

    // A QoS 1 message may come twice, and a requester may ask again. The first answer answers all; another body under
    // the same key is a mistake.
    private bool IsRepetition(ChatCall call)
    {
        if (ledger.Find(call.Key, call.Reply.Topic) is not { } first) return false;
        if (first.Request.Hash != call.PayloadHash)
            call.Reply.Fail(new(ProblemCode.InvalidPayload,
                "a request with the same Correlation Data or request_id " +
                (first.IsDone ? "was answered" : "is still running") + " with another body; use a new one"));
        else if (first is { IsDone: true, Reply: { } reply }) publish(reply);
        return true;
    }

    // FNV-1a: tells an honest repetition from a mistake; a requester that forges a collision fools only itself.
    private static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in bytes) hash = (hash ^ b) * 1099511628211;
        return hash;
    }
}
