using Edge.Agent.Config;
using Edge.Devices;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Announces the node to Home Assistant: when it is online, and again when Home Assistant comes
/// back.</summary>
internal sealed class HomeAssistantLink(
    HomeAssistantConfig config, NodeTopics topics, string version, double telemetrySeconds,
    Func<MqttMessage, bool> publish) : IDisposable
{
    /// <summary>All nodes hear of a restart at once; a broker should not hear all of them at once.</summary>
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private Timer? _again;
    private byte[]? _payload;

    public static string StatusTopic(HomeAssistantConfig config) => config.Prefix + "/status";

    public static string ConfigTopic(HomeAssistantConfig config, string node) =>
        $"{config.Prefix}/device/{HomeAssistantDevice.Id(node)}/config";

    /// <summary>The sensors are known: announce the node with them.</summary>
    public void Announce(IReadOnlyList<Reading> readings)
    {
        lock (_gate)
            _payload = config.Mode switch
            {
                HomeAssistantConfig.On => HomeAssistantDevice.Write(topics, version, readings, telemetrySeconds),
                HomeAssistantConfig.Remove => [], // An empty retained message takes the device out.
                _ => null,
            };
        OnOnline();
    }

    /// <summary>The broker may have forgotten what it had retained.</summary>
    public void OnOnline()
    {
        byte[]? payload;
        lock (_gate) payload = _payload;
        if (payload is null) return;
        publish(new MqttMessage
        {
            Topic = ConfigTopic(config, topics.NodeId), Payload = payload, Qos = 1, Retain = true,
            ContentType = payload.Length > 0 ? "application/json" : null,
        });
    }

    /// <summary>On the network thread; true: the message was Home Assistant's.</summary>
    public bool OnMessage(MqttMessage message)
    {
        if (config.Mode == HomeAssistantConfig.Off || message.Topic != StatusTopic(config)) return false;
        if (!message.Payload.Span.SequenceEqual("online"u8)) return true;
        lock (_gate)
        {
            _again ??= new Timer(_ => OnOnline());
            _again.Change(DelayMax * Random.Shared.NextDouble(), Timeout.InfiniteTimeSpan);
        }
        return true;
    }

    public void Dispose() => _again?.Dispose();
}
