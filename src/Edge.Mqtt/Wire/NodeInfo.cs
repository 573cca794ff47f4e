namespace Edge.Mqtt;

/// <summary>A model as `info` shows it.</summary>
public sealed record NodeModel(string Name, string Architecture, string Quantisation, int ContextLength,
    long FileBytes);

/// <summary>Limits that a requester can know beforehand.</summary>
public sealed record NodeLimits(int PayloadBytesMax, int MessagesMax, int QueueMax, int MaxTokensMax,
    double TimeoutSecondsMax);

/// <summary>What `info` says of a node; retained.</summary>
public sealed record NodeInfo
{
    public required string Version { get; init; }
    public IReadOnlyList<NodeModel> Models { get; init; } = [];
    public required NodeLimits Limits { get; init; }
    public IReadOnlyList<string> Commands { get; init; } = ["chat"];
    /// <summary>Models that model.load may name; null: none.</summary>
    public IReadOnlyList<string>? Available { get; init; }
    /// <summary>The model that stays until it is unpinned.</summary>
    public string? Pinned { get; init; }
    public IReadOnlyList<string> Pools { get; init; } = [];
    public IReadOnlyList<int> SchemaVersions { get; init; } = [1];
    public string? KernelSet { get; init; }
    public int Threads { get; init; }
}
