namespace Edge.Mqtt;

/// <summary>What all replies to one request share. RequestId: as the body had it, echoed for clients without
/// Correlation Data.</summary>
internal sealed record ReplyHead(
    string Id, string NodeId, string Topic, ReadOnlyMemory<byte> Correlation, string? RequestId,
        long CreatedUnixSeconds);
