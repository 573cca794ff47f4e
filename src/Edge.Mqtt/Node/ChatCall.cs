using Edge.Mqtt.Journal;

namespace Edge.Mqtt;

/// <summary>One chat request that was taken: what to do, until when, and where the answer goes.</summary>
public sealed class ChatCall
{
    internal ChatCall(
        string id, ChatRequest request, long receivedAt, long deadline, ReplyStream reply, byte[] key,
            ulong payloadHash, RequesterRule rule)
    {
        (Id, Request, Reply, Priority) = (id, request, reply, rule.Priority);
        (ReceivedAt, Deadline, Key, PayloadHash) = (receivedAt, deadline, key, payloadHash);
        Requester = RequesterLimits.RequesterOf(reply.Topic);
    }

    /// <summary>Unique on this node; in every reply as `id`, the same after a restart.</summary>
    public string Id { get; }
    public ChatRequest Request { get; }
    /// <summary>Stopwatch timestamps.</summary>
    public long ReceivedAt { get; }
    public long Deadline { get; }
    public ReplyStream Reply { get; }
    /// <summary>Who asks, as far as MQTT tells: requesters are served in turn, those of a higher priority
    /// first.</summary>
    public string Requester { get; }
    public int Priority { get; }
    /// <summary>An earlier run of the node accepted it: it is owed an answer.</summary>
    public bool IsResumed => Reply.IsResumed;
    /// <summary>Correlation Data, or request_id in UTF-8; empty: the request cannot be cancelled by its
    /// requester.</summary>
    internal byte[] Key { get; }
    internal ulong PayloadHash { get; }
    internal CallEntry? Entry { get; set; }
}
