using System.Text.Json;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class SenseTests
{
    [Fact]
    public async Task Simulate_ThreeReadings_ThreeValidVerdicts()
    {
        using var broker = new Broker();
        using var agent = await AgentProcess.Ready(broker);
        var outcome = await Run(
            "sense", "--simulate", "--broker", $"127.0.0.1:{broker.Port}", "--node", AgentProcess.Node, "--count", "3",
            "--interval", "0", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line =>
        {
            using var report = JsonDocument.Parse(line);
            Assert.True(report.RootElement.GetProperty("valid").GetBoolean());
            Assert.Contains(
                "\"status\"", report.RootElement.GetProperty("reply").GetString(), StringComparison.Ordinal);
            Assert.True(report.RootElement.GetProperty("tokens_per_second").GetDouble() > 0);
        });
    }

    [Fact]
    public async Task Simulate_ForPeople_ReadingThenVerdict()
    {
        using var broker = new Broker();
        using var agent = await AgentProcess.Ready(broker);
        var outcome = await Run(
            "sense", "--simulate", "--broker", $"127.0.0.1:{broker.Port}", "--node", AgentProcess.Node, "--count", "1");
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("  {\"status\":", lines[1], StringComparison.Ordinal);
        Assert.Contains("tokens/s", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Simulate_NoBroker_SaysWhereItLooked() =>
        (await Run(
            "sense", "--simulate", "--broker", $"127.0.0.1:{Broker.FreePort()}", "--count", "1", "--timeout", "0.5"))
            .RefusesWith(1, "cannot be used", "127.0.0.1");

    [Fact]
    public async Task Simulate_NoNode_NamesTheNode()
    {
        using var broker = new Broker();
        (await Run(
            "sense", "--simulate", "--broker", $"127.0.0.1:{broker.Port}", "--node", "nobody", "--count", "1",
            "--timeout", "0.5"))
            .RefusesWith(1, "nobody", "edge run");
    }
}
