using System.Diagnostics;
using Edge.Tests.Mqtt;
using Xunit;

namespace Edge.Tests.EndToEnd;

/// <summary>Size, memory and idleness of the native binary; scripts/bench measures the same precisely.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FootprintTests
{
    [Fact]
    public void Binary_Size_AtMost15MiB() =>
        Assert.InRange(new FileInfo(NativeEdge.Binary).Length, 1, 15_000_000);

    [Fact]
    public async Task Idle_WithTheDemoModel_SmallAndQuiet()
    {
        using var broker = new Broker();
        using var agent = await AgentProcess.Ready(broker);
        using var client = await AgentProcess.Connect(broker, AgentProcess.Topics.Telemetry("system"));
        await agent.Ask(client, AgentProcess.Chat("office 2: temp 21.0C, hum 40%"));
        var before = agent.CpuTime();
        // Ten seconds of an idle agent pass until the next telemetry message.
        await client.Messages.Next(m => m.Topic == AgentProcess.Topics.Telemetry("system"));
        var used = agent.CpuTime() - before;
        Assert.True(used < TimeSpan.FromSeconds(0.5), $"an idle agent used {used.TotalMilliseconds} ms of CPU");
        Assert.InRange(agent.RssBytes(), 1 << 20, 60 * 1024 * 1024);
    }

    [Fact]
    public async Task Start_UntilOnlineAndReady_WithinSeconds()
    {
        using var broker = new Broker();
        using var agent = await AgentProcess.Ready(broker);
        // The bar is 300 ms on an idle machine, which scripts/bench measures; a busy one must only not hang.
        Assert.True(Stopwatch.GetElapsedTime(agent.StartedAt) < Broker.Limit);
    }
}
