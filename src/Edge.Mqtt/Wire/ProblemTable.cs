namespace Edge.Mqtt;

/// <summary>One code: its name on the wire, its status and its title.</summary>
public sealed record ProblemRow(ProblemCode Code, string Name, int Status, string Title);

/// <summary>The table of codes; the order is that of <see cref="ProblemCode"/>.</summary>
public static class ProblemTable
{
    public static IReadOnlyList<ProblemRow> Rows { get; } =
    [
        new(ProblemCode.InvalidPayload, "invalid_payload", 400, "The request cannot be read"),
        new(ProblemCode.UnsupportedMedia, "unsupported_media", 415, "This kind of content is not read here"),
        new(ProblemCode.ModelNotFound, "model_not_found", 404, "No such model on this node"),
        new(ProblemCode.ContextOverflow, "context_overflow", 413, "The prompt does not fit the context"),
        new(ProblemCode.QueueFull, "queue_full", 429, "The queue is full"),
        new(ProblemCode.NotReady, "not_ready", 503, "The node cannot serve requests now"),
        new(ProblemCode.DeadlineUnreachable, "deadline_unreachable", 504, "The answer cannot be ready in time"),
        new(ProblemCode.Timeout, "timeout", 408, "The deadline passed"),
        new(ProblemCode.Cancelled, "cancelled", 499, "Cancelled by the requester"),
        new(ProblemCode.SchemaUnsupported, "schema_unsupported", 422, "The reply's form cannot be guaranteed"),
        new(ProblemCode.Internal, "internal", 500, "The node failed"),
        new(ProblemCode.Version, "version", 505, "Not part of the contract that this node serves"),
        new(ProblemCode.Forbidden, "forbidden", 403, "The operator has not allowed this"),
        new(ProblemCode.Conflict, "conflict", 409, "The node's state does not permit this"),
        new(ProblemCode.LoadFailed, "load_failed", 500, "The model cannot be loaded"),
    ];

    public static ProblemRow Of(ProblemCode code) => Rows[(int)code];
}
