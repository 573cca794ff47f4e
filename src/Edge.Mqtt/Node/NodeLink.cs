using System.Diagnostics;
using Edge.Mqtt.Journal;

namespace Edge.Mqtt;

/// <summary>A node's seat on the broker: birth, will, info, telemetry, and the way of requests to their
/// owner.</summary>
public sealed partial class NodeLink : IDisposable
{
    // What a member holds unacknowledged, nobody else can serve.
    private const int PoolReceiveMaximum = 2;
    private static readonly TimeSpan s_rebirthMin = TimeSpan.FromSeconds(1), s_disposeLimit = TimeSpan.FromSeconds(2);

    private readonly NodeOptions _options;
    private readonly NodeHandlers _handlers;
    private readonly IMqttTransport _transport;
    private readonly Func<IMqttTransport>? _makePools;
    private readonly ChatEndpoint _chat;
    private readonly ControlEndpoint _control;
    private readonly QueryEndpoint _query;
    private readonly Lock _gate = new();
    private NodeUpdate? _update;
    private readonly SessionFilters _session;
    private readonly IReadOnlyList<string> _former;
    private NodeStatus _status;
    private NodeInfo? _info;
    private IMqttTransport? _pools;
    private long _lastRebirth;
    private bool _sessionIsKnown;

    /// <summary>Errors: ArgumentException names the option that is wrong and its remedy.</summary>
    public NodeLink(NodeOptions options, NodeHandlers handlers, Func<MqttOptions, MqttEvents, IMqttTransport> transport)
    {
        Topics = new(options.Root, options.NodeId);
        if (Topics.Validate() is { } wrong) throw new ArgumentException(wrong, nameof(options));
        var bad = options.ReplyPrefixes.FirstOrDefault(p => !p.EndsWith('/') || TopicName.WhyInvalid(p) is not null);
        if (bad is { } prefix)
            throw new ArgumentException($"reply prefix '{prefix}' is not usable; end it in '/' and use no wildcards",
                nameof(options));
        if (options.CallsMax < 1) throw new ArgumentException("calls_max must be at least 1", nameof(options));
        var rule = options.Requesters.Select(r => r.Validate()).Concat(options.Controls.Select(r => r.Validate()))
            .Concat(options.Pools.Select(NodeTopics.WhyNoPool)).FirstOrDefault(problem => problem is not null);
        if (rule is not null) throw new ArgumentException(rule, nameof(options));
        (_options, _handlers) = (options, handlers);
        _status = new("online", BootId, options.Version, false, 0);
        Ledger = new(options.Journal, options.CallsMax, Moment.Now, m => _transport!.TryPublish(m),
            text => handlers.OnLog(MqttLogLevel.Error, text));
        var envelope = new Envelope(options, Topics, m => _transport!.TryPublish(m));
        _chat = new(options, envelope, handlers, Ledger, m => _transport!.TryPublish(m));
        _control = new(Topics, envelope, handlers, options.Controls);
        _query = new(envelope, handlers);
        _session = new(options.SessionFile, text => handlers.OnLog(MqttLogLevel.Warning, text));
        _former = [.. _session.Read().Except(Filters)];
        var connection = options.Connection with
        {
            ClientId = $"edge-{options.NodeId}",
            Subscriptions = [.. Topics.Subscriptions, .. options.MoreSubscriptions],
            FormerFilters = _former,
            Will = new(Topics.Status, Body(new("offline", BootId), NodeJson.Default.NodeStatus),
                options.WillDelaySeconds),
        };
        _transport = transport(connection, Events(new()) with
        {
            OnOnline = OnOnline, OnOffline = handlers.OnOffline, OnAcknowledged = m => Ledger.Acknowledged(m.Ticket),
            OnDropped = OnDropped,
        });
        if (options.Pools.Count == 0) return;
        // A session of its own that ends with the connection: mosquitto goes on giving a shared subscription's messages
        // to members that are away but have a session, and there they wait until they expire.
        _makePools = () => transport(connection with
        {
            ClientId = connection.ClientId + "-pool", SessionExpirySeconds = 0, ReceiveMaximum = PoolReceiveMaximum,
            Subscriptions = [.. options.Pools.Select(Topics.Pool)], FormerFilters = [], Will = null,
        }, Events(new()) with
        {
            OnOffline = why => handlers.OnLog(MqttLogLevel.Warning, $"offline in the pools: {why}; trying again"),
        });
    }

    private MqttEvents Events(Arrivals arrivals) => new()
    {
        OnMessage = m => OnMessage(m, arrivals), BeforeAcknowledge = () => _chat.Accept(arrivals),
        OnLog = _handlers.OnLog,
    };

    public NodeTopics Topics { get; }
    /// <summary>New at every start: tells a restart from a reconnect.</summary>
    public string BootId { get; } = Guid.NewGuid().ToString("N");
    public bool IsOnline => _transport.IsOnline;
    public MqttCounters Counters => _transport.Counters;
    /// <summary>Calls taken whose answer the broker does not have yet.</summary>
    public int LiveCalls => Ledger.OpenCalls;
    /// <summary>"off", "ok", or why the last request or result could not be kept safe.</summary>
    public string Journal => Ledger.State;
    internal CallLedger Ledger { get; }
    private IEnumerable<string> Filters =>
        Topics.Subscriptions.Concat(_options.MoreSubscriptions).Select(s => s.Filter);

    public void Start()
    {
        if (Ledger.CutBytes > 0)
            _handlers.OnLog(MqttLogLevel.Warning,
                $"the journal ended in {Ledger.CutBytes} bytes that were never acknowledged; they are cut off");
        Ledger.Start();
        // Before any of them can be in the session.
        _session.Write([.. _former, .. Filters]);
        _transport.Start();
    }

    /// <summary>Once, when the owner can work: hands over what an earlier run left unfinished, and joins the
    /// pools.</summary>
    public void Resume()
    {
        _chat.Resume();
        JoinPools();
    }

    /// <summary>Takes work from the pools, again where they were left. Not side by side with
    /// <see cref="LeavePools"/>.</summary>
    public void JoinPools()
    {
        if (_makePools is null || _pools is not null) return;
        _pools = _makePools();
        _pools.Start();
    }

    /// <summary>Takes no more work from the pools, so that the others get it; the node's own topics go on.</summary>
    public void LeavePools(TimeSpan limit)
    {
        _pools?.Stop(null, limit);
        _pools?.Dispose();
        _pools = null;
    }

    /// <summary>Publishes the status again when it differs from the last one.</summary>
    public void SetStatus(bool ready, int queue)
    {
        lock (_gate)
        {
            var next = _status with { Ready = ready, Queue = queue };
            if (next == _status) return;
            _status = next;
            // While offline nothing waits: the birth tells the latest.
            if (_transport.IsOnline) PublishStatus();
        }
    }

    public void SetInfo(NodeInfo info)
    {
        lock (_gate)
        {
            _info = info;
            if (_transport.IsOnline) PublishInfo();
        }
    }

    public void SetUpdate(NodeUpdate update)
    {
        lock (_gate)
        {
            _update = update;
            if (_transport.IsOnline) PublishUpdate();
        }
    }

    /// <summary>Any message of the node's owner, such as a rule's answer; as <see cref="IMqttTransport.TryPublish"/>
    /// takes it.</summary>
    public bool TryPublish(MqttMessage message) => _transport.TryPublish(message);

    /// <summary>Publishes offline, then disconnects cleanly, so that the will stays silent. True: offline was
    /// acknowledged.</summary>
    public bool Stop(TimeSpan limit)
    {
        LeavePools(limit);
        Ledger.Stop(limit);
        return _transport.Stop(new()
        {
            Topic = Topics.Status,
            Payload = Body(new("offline", BootId), NodeJson.Default.NodeStatus),
            Qos = 1,
            Retain = true,
            ContentType = Json,
        }, limit);
    }

    /// <summary>Stops, with the farewell, where that was not done: nobody must take a node that is gone for one that is
    /// there.</summary>
    public void Dispose()
    {
        Stop(s_disposeLimit);
        _transport.Dispose();
        Ledger.Dispose();
    }

    private void OnOnline()
    {
        if (!_sessionIsKnown) _session.Write([.. Filters]); // The broker has unsubscribed the former ones.
        _sessionIsKnown = true;
        Announce();
        Ledger.Nudge();
        _handlers.OnOnline();
    }

    private void Announce()
    {
        lock (_gate)
        {
            PublishStatus();
            PublishInfo();
            PublishUpdate();
        }
    }

    private void OnMessage(MqttMessage message, Arrivals arrivals)
    {
        switch (Topics.Match(message.Topic, out string command))
        {
            case NodeTopicKind.Command when command == "chat":
                _chat.Receive(message, arrivals);
                break;
            case NodeTopicKind.Command when _control.Serves(command):
                _control.Receive(message, command);
                break;
            case NodeTopicKind.Command when _query.Serves(command):
                _query.Receive(message, command);
                break;
            case NodeTopicKind.Command:
                _chat.RefuseCommand(message, command);
                break;
            case NodeTopicKind.Cancel:
                _chat.Cancel(message);
                break;
            case NodeTopicKind.Rebirth when !message.Retain && RebirthIsDue():
                Announce();
                _handlers.OnRebirth();
                break;
            case NodeTopicKind.Unknown when IsWanted(message.Topic):
                _handlers.OnOther(message);
                break;
        }
    }

    // A session may bring what an earlier configuration subscribed to.
    private bool IsWanted(string topic) =>
        _options.MoreSubscriptions.Any(subscription => TopicFilter.Matches(subscription.Filter, topic));

    private bool RebirthIsDue()
    {
        long now = Stopwatch.GetTimestamp();
        if (_lastRebirth != 0 && Stopwatch.GetElapsedTime(_lastRebirth, now) < s_rebirthMin) return false;
        _lastRebirth = now;
        return true;
    }

    private void OnDropped(MqttMessage message, MqttDropReason reason)
    {
        // A full outbox is the ledger's to retry; what no broker takes must not be sent for ever.
        if (message.Ticket != 0 && reason == MqttDropReason.OutboxFull) return;
        if (reason == MqttDropReason.TooLargeForBroker && ReplyWriter.InsteadOf(message) is { } smaller)
        {
            _handlers.OnLog(MqttLogLevel.Error, $"mqtt: the answer to {message.Topic} has {message.Payload.Length} " +
                $"bytes, more than the broker takes ({message.PacketBytesMax}); its requester is told so");
            if (message.Ticket == 0) _transport.TryPublish(smaller);
            else Ledger.Replace(message.Ticket, smaller);
            return;
        }
        if (message.Ticket != 0) Ledger.Acknowledged(message.Ticket);
        // Lost deltas and telemetry cost liveliness alone; a lost answer is worth a line.
        if (message.Qos > 0)
            _handlers.OnLog(MqttLogLevel.Error,
                $"mqtt: a message to {message.Topic} ({message.Payload.Length} bytes) is lost: {reason}");
    }
}
