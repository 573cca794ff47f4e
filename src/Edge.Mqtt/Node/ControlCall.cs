namespace Edge.Mqtt;

/// <summary>One command that was taken; its owner ends it by Reply.Done or Reply.Fail.</summary>
/// <param name="Deadline">Stopwatch timestamp.</param>
public sealed record ControlCall(ControlRequest Request, ReplyStream Reply, long Deadline);
