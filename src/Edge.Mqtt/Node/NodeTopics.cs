namespace Edge.Mqtt;

public enum NodeTopicKind { Unknown, Command, Cancel, Rebirth }

/// <summary>Every topic of the contract (docs/wire.md), in one table; a new topic is a new line here and a row
/// there.</summary>
public sealed record NodeTopics(string Root, string NodeId)
{
    public const string DefaultRoot = "edgeai/v1";
    private const int RootLengthMax = 64, NodeIdLengthMax = 64;

    // Out
    public string Status => $"{Root}/node/{NodeId}/status";
    public string Info => $"{Root}/node/{NodeId}/info";
    public string Update => $"{Root}/node/{NodeId}/update";
    public string Event => $"{Root}/node/{NodeId}/event";
    public string Telemetry(string group) => $"{Root}/node/{NodeId}/telemetry/{group}";
    /// <summary>Where a reply goes whose request named no reply topic.</summary>
    public string Response(string command) => $"{Root}/node/{NodeId}/cmd/{command}/rsp";

    // In
    public string Request(string command) => $"{Root}/node/{NodeId}/cmd/{command}/req";
    public string Requests => $"{Root}/node/{NodeId}/cmd/+/req";
    public string Cancel => $"{Root}/cancel";
    public string Rebirth => $"{Root}/node/{NodeId}/rebirth";

    /// <summary>What a member of a pool subscribes to: the broker gives each request to one of them.</summary>
    public MqttSubscription Pool(string pool) =>
        new($"$share/{pool}/{Root}/pool/{pool}/cmd/+/req", 1, NoLocal: false);
    /// <summary>Where a request to a pool goes.</summary>
    public string PoolRequest(string pool, string command) => $"{Root}/pool/{pool}/cmd/{command}/req";

    /// <summary>What a node subscribes to; pools are shared subscriptions on a connection of their own and so are not
    /// among these.</summary>
    public IReadOnlyList<MqttSubscription> Subscriptions => [new(Requests, 1), new(Cancel, 1), new(Rebirth, 1)];

    /// <summary>Which row an incoming topic is; <paramref name="command"/> is its name where it is a
    /// command.</summary>
    public NodeTopicKind Match(string topic, out string command)
    {
        command = "";
        if (topic == Cancel) return NodeTopicKind.Cancel;
        if (topic == Rebirth) return NodeTopicKind.Rebirth;
        string node = $"{Root}/node/{NodeId}/cmd/", pools = $"{Root}/pool/";
        int name = topic.StartsWith(node, StringComparison.Ordinal) ? node.Length
            : topic.StartsWith(pools, StringComparison.Ordinal) ? AfterPool(topic, pools.Length) : 0;
        const string tail = "/req";
        if (name <= 0 || topic.Length <= name + tail.Length || !topic.EndsWith(tail, StringComparison.Ordinal))
            return NodeTopicKind.Unknown;
        command = topic[name..^tail.Length];
        if (!command.Contains('/')) return NodeTopicKind.Command;
        command = "";
        return NodeTopicKind.Unknown;
    }

    // Behind `NAME/cmd/`; 0: not such a topic.
    private static int AfterPool(string topic, int pool)
    {
        const string cmd = "/cmd/";
        int end = topic.IndexOf('/', pool);
        return end > pool && topic.AsSpan(end).StartsWith(cmd) ? end + cmd.Length : 0;
    }

    /// <summary>Null, or why <paramref name="pool"/> is no name for a pool.</summary>
    public static string? WhyNoPool(string pool) =>
        pool.Length is > 0 and <= NodeIdLengthMax && pool.All(IsLevelCharacter) ? null
            : $"pool '{pool}' is not usable; use 1 to {NodeIdLengthMax} letters, digits, '-', '_' or '.'";

    /// <summary>The first thing that is wrong with root or node id, with its remedy; null when all is well.</summary>
    public string? Validate()
    {
        if (Root.Length is 0 or > RootLengthMax || Root[0] is '/' or '$' || Root[^1] == '/'
            || !Root.All(IsRootCharacter))
            return $"mqtt root '{Root}' is not usable; use 1 to {RootLengthMax} letters, digits, " +
                "'-', '_', '.' and '/' between levels";
        if (NodeId.Length is 0 or > NodeIdLengthMax || !NodeId.All(IsLevelCharacter))
            return $"node id '{NodeId}' is not usable; use 1 to {NodeIdLengthMax} letters, digits, '-', '_' or '.'";
        return null;
    }

    private static bool IsLevelCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
    private static bool IsRootCharacter(char c) => IsLevelCharacter(c) || c == '/';
}
