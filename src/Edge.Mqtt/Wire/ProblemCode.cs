namespace Edge.Mqtt;

/// <summary>Every way a request can be refused or fail; the names on the wire are these in snake_case.</summary>
public enum ProblemCode
{
    InvalidPayload, UnsupportedMedia, ModelNotFound, ContextOverflow, QueueFull, NotReady, DeadlineUnreachable, Timeout,
    Cancelled, SchemaUnsupported, Internal, Version, Forbidden, Conflict, LoadFailed,
}
