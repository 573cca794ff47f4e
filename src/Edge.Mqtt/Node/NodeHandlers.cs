namespace Edge.Mqtt;

/// <summary>What the owner of a node does, on the network thread: enqueue and return; no handler may block.</summary>
public sealed record NodeHandlers
{
    /// <summary>Null, or why no call can be taken now; asked before the call is made durable.</summary>
    public Func<ChatCall, Problem?> Admit { get; init; } = static _ => null;
    /// <summary>Takes the call, which is durable by now (Reply.Accepted now or later, then Final or Fail from any
    /// thread) or refuses it by Reply.Fail.</summary>
    public required Action<ChatCall> OnChat { get; init; }
    /// <summary>The requester gave up; the owner ends the work and calls Reply.Fail with Cancelled.</summary>
    public required Action<ChatCall> OnCancel { get; init; }
    /// <summary>Takes an operator's command, which a rule of <see cref="NodeOptions.Controls"/> allows.</summary>
    public Action<ControlCall> OnControl { get; init; } = static _ => { };
    /// <summary>Takes a question of <see cref="QueryCommand.Names"/>; absent: they are refused as unknown.</summary>
    public Action<QueryCall>? OnQuery { get; init; }
    /// <summary>A message on one of <see cref="NodeOptions.MoreSubscriptions"/>.</summary>
    public Action<MqttMessage> OnOther { get; init; } = static _ => { };
    /// <summary>Somebody asks the node to publish again all that it has retained; status and info are under
    /// way.</summary>
    public Action OnRebirth { get; init; } = static () => { };
    public Action OnOnline { get; init; } = static () => { };
    public Action<string> OnOffline { get; init; } = static _ => { };
    public Action<MqttLogLevel, string> OnLog { get; init; } = static (_, _) => { };
}
