namespace Edge.Mqtt;

/// <summary>One question that was taken; its owner ends it by Reply.Done or Reply.Fail.</summary>
/// <param name="Deadline">Stopwatch timestamp.</param>
public sealed record QueryCall(QueryRequest Request, ReplyStream Reply, long Deadline);
