using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;

namespace Edge.Agent.Fleet;

/// <summary>Listens to what nodes say of themselves; never publishes.</summary>
internal sealed class FleetClient : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly MosquittoTransport _transport;
    private readonly ManualResetEventSlim _online = new();
    private readonly AutoResetEvent _changed = new(false);
    private readonly string _broker;

    /// <param name="host">The broker's.</param>
    /// <param name="port">The broker's.</param>
    /// <param name="root">Of the topics.</param>
    /// <param name="node">The one to listen to, or '+'.</param>
    public FleetClient(string host, int port, string root, string node)
    {
        Views = new NodeViews(root);
        _broker = $"{host}:{port}";
        var topics = new NodeTopics(root, node);
        _transport = new MosquittoTransport(
            new MqttOptions
            {
                Host = host, Port = port, SessionExpirySeconds = 0,
                ClientId = $"edge-view-{Environment.ProcessId}-{Random.Shared.Next():x8}",
                Subscriptions = [new(topics.Status, 1), new(topics.Info, 1), new(topics.Telemetry("+"), 0)],
                ReconnectMax = TimeSpan.FromSeconds(2),
            },
            new MqttEvents
            {
                OnMessage = message =>
                {
                    if (Views.Take(message)) _changed.Set();
                },
                OnOnline = _online.Set,
                OnOffline = _ => _online.Reset(),
            });
    }

    public NodeViews Views { get; }

    public bool IsOnline => _online.IsSet;

    /// <summary>Errors: UserErrorException when the broker stays away.</summary>
    public void Connect(TimeSpan limit, CancellationToken stop)
    {
        _transport.Start();
        if (!_online.Wait(limit, stop))
            throw new UserErrorException($"no broker answers at {_broker}; start one or give --broker HOST:PORT");
    }

    /// <summary>Waits until something was said, for at most the limit; false: nothing was, or the end.</summary>
    public bool WaitForChange(TimeSpan limit, CancellationToken stop) =>
        WaitHandle.WaitAny([_changed, stop.WaitHandle], limit) == 0;

    public void Dispose()
    {
        _transport.Stop(farewell: null, StopLimit);
        _transport.Dispose();
        _online.Dispose();
        _changed.Dispose();
    }
}
