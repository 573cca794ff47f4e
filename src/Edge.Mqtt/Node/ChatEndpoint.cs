using System.Diagnostics;
using System.Text;

namespace Edge.Mqtt;

/// <summary>Turns incoming messages into typed calls. Everything here runs on the network thread, before the message
/// is acknowledged.</summary>
internal sealed class ChatEndpoint(
    NodeOptions options, NodeTopics topics, NodeHandlers handlers, Func<MqttMessage, bool> publish)
{
    private readonly CallTable _calls = new(options.CallsMax);
    private readonly ReplyTopics _replyTopics = new(topics.Root, options.ReplyPrefixes);
    private long _nextId;

    public int LiveCalls => _calls.Count;

    /// <summary>One request from arrival to hand-over. The order is the contract's: nothing is acknowledged before
    /// the last line returns.</summary>
    public void Receive(MqttMessage message)
    {
        var envelope = CheckEnvelope(message);
        var body = envelope is null ? Read(message) : default;
        var reply = Address(message, body.Address, body.Request, "chat", out var unaddressable);
        if ((envelope ?? unaddressable ?? body.Problem) is { } refusal)
        {
            reply.Fail(refusal);
            return;
        }
        var call = MakeCall(message, body.Request!, reply);
        if (IsDuplicate(call)) return;
        if (!Admit(call)) return;
        // Here the journal will append and sync the call: what was admitted, is then safe from a crash.
        handlers.OnChat(call);
    }

    /// <summary>Answers a command that the contract names, or nobody does, and that this version does not
    /// serve.</summary>
    public void RefuseCommand(MqttMessage message, string command)
    {
        bool isName = command.Length <= 32 && command.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        var body = CheckEnvelope(message) is null ? Read(message) : default;
        Address(message, body.Address, null, isName ? command : "unknown", out _).Fail(new(ProblemCode.Version,
            $"this node ({options.Version}) does not serve the command '{(isName ? command : "?")}'; it serves chat. " +
            "`info` lists the commands of a node"));
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
        if (_calls.FindForCancel(key, replyTopic) is { } call) handlers.OnCancel(call);
    }

    // What can be refused without looking into the body.
    private Problem? CheckEnvelope(MqttMessage message)
    {
        if (message.Retain)
            return new(ProblemCode.InvalidPayload,
                "a retained request is refused, because it would run again at every reconnect; " +
                "publish without the retain flag, and clear the retained one with an empty retained message");
        if (message.IsOversized)
            return new(ProblemCode.InvalidPayload, $"the body has {message.WireBytes} bytes; " +
                $"the limit of this node is {options.Connection.PayloadBytesMax}") { Status = 413 };
        if (message.Correlation.Length > ChatLimits.CorrelationBytesMax)
            return new(ProblemCode.InvalidPayload, $"Correlation Data has {message.Correlation.Length} bytes; " +
                $"use at most {ChatLimits.CorrelationBytesMax}");
        if (message.ContentType is { } type && !IsJson(type))
            return new(ProblemCode.UnsupportedMedia,
                "the Content Type is not application/json; set it so, or leave it out");
        return null;
    }

    private static bool IsJson(string contentType) =>
        contentType.AsSpan(0, contentType.IndexOf(';') is >= 0 and var end ? end : contentType.Length).Trim()
            .Equals("application/json", StringComparison.OrdinalIgnoreCase);

    private static (ChatRequest? Request, Problem? Problem, BodyAddress Address) Read(MqttMessage message)
    {
        _ = ChatRequestReader.TryRead(message.Payload, out var request, out var problem, out var address);
        return (request, problem, address);
    }

    // A reply topic that is not allowed is answered on the fallback topic: refused, but not in silence.
    private ReplyStream Address(MqttMessage message, BodyAddress body, ChatRequest? request, string command,
        out Problem? refusal)
    {
        refusal = null;
        string? asked = message.ResponseTopic ?? body.ReplyTo;
        if (asked is not null && _replyTopics.WhyRefused(asked) is { } why)
        {
            refusal = new(ProblemCode.InvalidPayload, why, message.ResponseTopic is null ? "/reply_to" : null);
            asked = null;
        }
        var correlation = message.Correlation.Length <= ChatLimits.CorrelationBytesMax ? message.Correlation : default;
        string id = $"{options.NodeId}-{Stopwatch.GetTimestamp():x}-{Interlocked.Increment(ref _nextId)}";
        var head = new ReplyHead(
            id, options.NodeId, asked ?? topics.Response(command), correlation, body.RequestId,
            DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        return new(head, request, options, publish);
    }

    private ChatCall MakeCall(MqttMessage message, ChatRequest request, ReplyStream reply)
    {
        double seconds = Math.Min(
            message.ExpirySeconds ?? double.MaxValue, request.TimeoutSeconds ?? double.MaxValue);
        if (seconds == double.MaxValue) seconds = options.TimeoutDefault.TotalSeconds;
        seconds = Math.Min(seconds, options.TimeoutMax.TotalSeconds);
        long deadline = message.ReceivedAt + (long)(seconds * Stopwatch.Frequency);
        byte[] key = message.Correlation.Length > 0 ? message.Correlation.ToArray()
            : request.RequestId is { } id ? Encoding.UTF8.GetBytes(id) : [];
        var call = new ChatCall(reply.Id, request, message.ReceivedAt, deadline, reply, key,
            HashOf(message.Payload.Span));
        reply.WhenFinished(() => _calls.Remove(call));
        return call;
    }

    // A QoS 1 message may come twice. The running call answers both; another body under the same key is a mistake.
    private bool IsDuplicate(ChatCall call)
    {
        if (_calls.FindSame(call.Key, call.Reply.Topic) is not { } running) return false;
        if (running.PayloadHash != call.PayloadHash)
            call.Reply.Fail(new(ProblemCode.InvalidPayload,
                "a request with the same Correlation Data or request_id is still running with another body; " +
                "use a new one"));
        return true;
    }

    private bool Admit(ChatCall call)
    {
        if (_calls.TryAdd(call)) return true;
        call.Reply.Fail(new(ProblemCode.QueueFull,
            $"{options.CallsMax} requests are already under way; try again later", RetryAfterSeconds: 5));
        return false;
    }

    // FNV-1a: tells an honest repetition from a mistake; a requester that forges a collision fools only itself.
    private static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in bytes) hash = (hash ^ b) * 1099511628211;
        return hash;
    }
}
