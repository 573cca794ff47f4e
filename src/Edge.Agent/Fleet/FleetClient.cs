using Edge.Agent.Config;
using Edge.Mqtt;

namespace Edge.Agent.Fleet;

/// <summary>Listens to what nodes say of themselves; never publishes.</summary>
internal sealed class FleetClient : IDisposable
{
    private readonly BrokerClient _client;
    private readonly AutoResetEvent _changed = new(false);

    /// <param name="broker">Where, and as whom.</param>
    /// <param name="root">Of the topics.</param>
    /// <param name="node">The one to listen to, or '+'.</param>
    public FleetClient(MqttConfig broker, string root, string node)
    {
        Views = new NodeViews(root);
        var topics = new NodeTopics(root, node);
        _client = new BrokerClient(
            broker, $"edge-view-{Environment.ProcessId}-{Random.Shared.Next():x8}",
            [new(topics.Status, 1), new(topics.Info, 1), new(topics.Telemetry("+"), 0)],
            message =>
            {
                if (Views.Take(message)) _changed.Set();
            });
    }

    public NodeViews Views { get; }

    public bool IsOnline => _client.IsOnline;

    /// <summary>Errors: UserErrorException when the broker stays away or refuses.</summary>
    public void Connect(TimeSpan limit, CancellationToken stop)
    {
        if (_client.Connect(limit, stop) is { } why)
            throw new UserErrorException($"{why}; start one or give --broker HOST:PORT");
    }

    /// <summary>Waits until something was said, for at most the limit; false: nothing was, or the end.</summary>
    public bool WaitForChange(TimeSpan limit, CancellationToken stop) =>
        WaitHandle.WaitAny([_changed, stop.WaitHandle], limit) == 0;

    public void Dispose()
    {
        _client.Dispose();
        _changed.Dispose();
    }
}
