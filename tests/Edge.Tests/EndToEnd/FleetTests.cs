using System.Text.Json;
using Edge.Tests.Devices;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class FleetTests
{
    [Fact]
    public async Task FleetTopDoctorAndDiscovery_RunningNode_ShowIt()
    {
        using var tree = new RecordedTree("pi5");
        using var broker = new Broker();
        using var agent = await Ready(
            broker, "--telemetry-seconds", "1", "--sysfs", tree.Roots.Sys);
        string address = $"127.0.0.1:{broker.Port}";
        var fleet = await NativeEdge.RunJson("fleet", "--broker", address);
        Assert.Equal(("e2e", "online", "sensor-triage-moe-q4_0"), (fleet.GetProperty("node").GetString(),
            fleet.GetProperty("state").GetString(), fleet.GetProperty("model").GetString()));
        var top = await NativeEdge.RunJson("top", "--broker", address, "--node", AgentProcess.Node);
        Assert.Equal(51.6, top.GetProperty("temperature_c").GetDouble());
        Assert.Equal(("full", 0), (top.GetProperty("governor").GetString(), top.GetProperty("running").GetInt32()));
        var page = await NativeEdge.Run("top", "--once", "--broker", address, "--node", AgentProcess.Node);
        Assert.Contains("51.6 °C, not throttled, governor full", page.Output, StringComparison.Ordinal);
        (await NativeEdge.Run("top", "--once", "--broker", address, "--node", "nobody", "--timeout", "0.5"))
            .RefusesWith(1, "nobody", "edge fleet");
        var doctor = await NativeEdge.RunJson(
            "doctor", "--model", NativeEdge.Model, "--broker", address, "--tree", tree.Root);
        Assert.Equal("pi5", doctor.GetProperty("board").GetProperty("profile").GetString());
        Assert.True(doctor.GetProperty("models")[0].GetProperty("measured_tokens_per_second").GetDouble() > 1);
    }

    [Fact]
    public async Task Discovery_On_IsRetainedAndComesBackWithHomeAssistant()
    {
        string config = Path.Combine(Path.GetTempPath(), $"edge-ha-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(config, """{ "homeAssistant": { "mode": "on" } }""");
        using var broker = new Broker();
        using var agent = await Ready(broker, "--config", config);
        File.Delete(config);
        const string topic = "homeassistant/device/edge_e2e/config";
        using var client = await Connect(broker, topic);
        var first = await client.Messages.Next(m => m.Topic == topic);
        Assert.Equal("notify", first.Json().GetProperty("cmps").GetProperty("ask").GetProperty("p").GetString());
        client.Transport.TryPublish(new() { Topic = "homeassistant/status", Payload = "online"u8.ToArray() });
        var again = await client.Messages.Next(m => m.Topic == topic);
        Assert.Equal(first.Text(), again.Text());
    }
}
