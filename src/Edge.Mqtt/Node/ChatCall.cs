namespace Edge.Mqtt;

/// <summary>One chat request that was taken: what to do, until when, and where the answer goes.</summary>
public sealed class ChatCall
{
    internal ChatCall(
        string id, ChatRequest request, long receivedAt, long deadline, ReplyStream reply, byte[] key,
            ulong payloadHash)
    {
        (Id, Request, Reply) = (id, request, reply);
        (ReceivedAt, Deadline, Key, PayloadHash) = (receivedAt, deadline, key, payloadHash);
    }

    /// <summary>Unique on this node since its start; in every reply as `id`.</summary>
    public string Id { get; }
    public ChatRequest Request { get; }
    /// <summary>Stopwatch timestamps.</summary>
    public long ReceivedAt { get; }
    public long Deadline { get; }
    public ReplyStream Reply { get; }
    /// <summary>Correlation Data, or request_id in UTF-8; empty: the request cannot be cancelled by its
    /// requester.</summary>
    internal byte[] Key { get; }
    internal ulong PayloadHash { get; }
}
