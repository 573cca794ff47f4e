namespace Edge.Mqtt;

/// <summary>Who asked and where the reply goes, as a body says it that is itself perhaps refused.</summary>
public readonly record struct BodyAddress(string? RequestId, string? ReplyTo);
