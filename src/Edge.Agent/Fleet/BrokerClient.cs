using Edge.Agent.Config;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;

namespace Edge.Agent.Fleet;

/// <summary>A command's own connection for as long as it runs; says why there is none.</summary>
internal sealed class BrokerClient : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly MqttConfig _broker;
    private readonly MosquittoTransport _transport;
    private readonly ManualResetEventSlim _online = new();
    private volatile string? _why;

    /// <param name="broker">Where, and as whom.</param>
    /// <param name="clientId">Must be nobody else's.</param>
    /// <param name="subscriptions">What onMessage hears, on the network thread.</param>
    /// <param name="onMessage">Hears what comes.</param>
    public BrokerClient(
        MqttConfig broker, string clientId, IReadOnlyList<MqttSubscription> subscriptions,
        Action<MqttMessage> onMessage)
    {
        _broker = broker;
        _transport = new MosquittoTransport(
            broker.Connection(clientId) with
            {
                SessionExpirySeconds = 0, Subscriptions = subscriptions, ReconnectMax = TimeSpan.FromSeconds(2),
            },
            new MqttEvents
            {
                OnMessage = onMessage,
                OnOnline = _online.Set,
                OnOffline = _ => _online.Reset(),
                OnLog = (level, text) =>
                {
                    if (level != MqttLogLevel.Information) _why = text;
                },
            });
    }

    public string Address => $"{_broker.Host}:{_broker.Port}";

    public bool IsOnline => _online.IsSet;

    /// <summary>Null: online, or told to stop. Else why the broker cannot be used.</summary>
    public string? Connect(TimeSpan limit, CancellationToken stop)
    {
        _transport.Start();
        return _online.Wait(limit, stop) ? null
            : $"the broker at {Address} cannot be used: {_why ?? "it does not answer"}";
    }

    public bool TryPublish(MqttMessage message) => _transport.TryPublish(message);

    public void Dispose()
    {
        _transport.Stop(farewell: null, StopLimit);
        _transport.Dispose();
        _online.Dispose();
    }
}
