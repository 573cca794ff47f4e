using System.Diagnostics;

namespace Edge.Mqtt;

/// <summary>What every request has around its body: limits, reply topic, deadline.</summary>
internal sealed class Envelope(NodeOptions options, NodeTopics topics, Func<MqttMessage, bool> publish)
{
    private readonly ReplyTopics _replyTopics = new(topics.Root, options.ReplyPrefixes);
    private long _nextId;

    /// <summary>What can be refused without looking into the body.</summary>
    public Problem? Check(MqttMessage message)
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

    /// <summary>Where the answer goes. A reply topic that is not allowed is answered on the fallback topic: refused,
    /// but not in silence.</summary>
    public ReplyStream Address(MqttMessage message, BodyAddress body, ChatRequest? request, string command,
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

    /// <summary>The Message Expiry or the body's timeout_s, whichever is shorter, within the node's limit.</summary>
    public long DeadlineOf(MqttMessage message, double? timeoutSeconds)
    {
        double seconds = Math.Min(message.ExpirySeconds ?? double.MaxValue, timeoutSeconds ?? double.MaxValue);
        if (seconds == double.MaxValue) seconds = options.TimeoutDefault.TotalSeconds;
        seconds = Math.Min(seconds, options.TimeoutMax.TotalSeconds);
        return message.ReceivedAt + (long)(seconds * Stopwatch.Frequency);
    }
}
