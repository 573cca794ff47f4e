namespace Edge.Mqtt;

/// <summary>One node on a broker. Connection.ClientId, Subscriptions and Will are set by the link itself.</summary>
public sealed record NodeOptions
{
    public required string NodeId { get; init; }
    public string Root { get; init; } = NodeTopics.DefaultRoot;
    public required string Version { get; init; }
    public MqttOptions Connection { get; init; } = new() { ClientId = "edge" };
    /// <summary>Topics that replies may go to besides `clients/…` and `{root}/…/rsp`; each ends in '/'.</summary>
    public IReadOnlyList<string> ReplyPrefixes { get; init; } = [];
    /// <summary>Topics besides the contract's; what comes on them goes to <see cref="NodeHandlers.OnOther"/>.</summary>
    public IReadOnlyList<MqttSubscription> MoreSubscriptions { get; init; } = [];
    /// <summary>A file that remembers the session's subscriptions from one run to the next; null: what an earlier
    /// configuration subscribed to comes until the session ends.</summary>
    public string? SessionFile { get; init; }
    public uint WillDelaySeconds { get; init; } = 15;
    /// <summary>Shared queues of the fleet that this node serves, each {root}/pool/NAME/cmd/+/req.</summary>
    public IReadOnlyList<string> Pools { get; init; } = [];
    /// <summary>Limits and priorities; none: everybody may ask as fast as the queue takes it.</summary>
    public IReadOnlyList<RequesterRule> Requesters { get; init; } = [];
    /// <summary>Who may load, unload and drain; none: nobody.</summary>
    public IReadOnlyList<ControlRule> Controls { get; init; } = [];
    /// <summary>Where accepted requests survive a crash; null: they live in memory alone.</summary>
    public JournalOptions? Journal { get; init; }
    /// <summary>Calls taken whose answer the broker does not have yet; above it: queue_full.</summary>
    public int CallsMax { get; init; } = 64;
    /// <summary>Deadline of a request that names none, and the longest that one may name.</summary>
    public TimeSpan TimeoutDefault { get; init; } = TimeSpan.FromSeconds(120);
    public TimeSpan TimeoutMax { get; init; } = TimeSpan.FromHours(1);
    public TimeSpan DeltaInterval { get; init; } = TimeSpan.FromMilliseconds(200);
    /// <summary>Message Expiry of `final` and errors: how long a broker keeps them for a requester that is
    /// away.</summary>
    public uint ReplyExpirySeconds { get; init; } = 300;
}
