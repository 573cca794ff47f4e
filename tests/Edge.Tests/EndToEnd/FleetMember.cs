using Edge.Tests.Mqtt;

namespace Edge.Tests.EndToEnd;

/// <summary>One agent of a fleet behind a link that can be cut.</summary>
internal sealed class FleetMember(Broker broker, string journals, int index) : IDisposable
{
    private AgentProcess? _agent;
    private readonly string _config = $"{journals}-{index}.json";

    public TcpCut Link { get; } = new(broker.Port);

    public async Task Start()
    {
        await File.WriteAllTextAsync(_config, """{"mqtt":{"pools":["farm"],"keepAliveSeconds":5}}""");
        _agent = AgentProcess.Start(Link.Port, "--node", $"member{index}", "--journal", $"{journals}-{index}",
            "--config", _config, "--threads", "1", "--slots", "1");
        await _agent.IsReady();
    }

    public async Task KillAndStart()
    {
        _agent!.KillNow();
        _agent.Dispose();
        await Start();
    }

    public void Dispose()
    {
        _agent?.Dispose();
        Link.Dispose();
    }
}
