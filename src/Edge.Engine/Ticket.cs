namespace Edge.Engine;

/// <summary>An accepted request on its way: from the queue into a slot, or out of either.</summary>
internal sealed class Ticket(GenerationRequest request, long acceptedAt)
{
    private volatile bool _cancelled;

    public GenerationRequest Request { get; } = request;
    public long AcceptedAt { get; } = acceptedAt;

    /// <summary>From any thread; seen at dequeue, between prefill chunks and per token.</summary>
    public void Cancel() => _cancelled = true;

    /// <summary>Why the request must not go on; null while it may.</summary>
    public FinishReason? MustEnd(long now) =>
        _cancelled ? FinishReason.Cancelled
        : Request.Deadline is long deadline && now >= deadline ? FinishReason.Timeout
        : null;
}
