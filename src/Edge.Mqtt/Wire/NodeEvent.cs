namespace Edge.Mqtt;

/// <summary>Something that happened on the node, for `event`: throttled, model_loaded, …</summary>
public sealed record NodeEvent(string Kind, string Detail);
