using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>What the packaging writes of releases, on the broker.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class UpdateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-update-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    private void Write(string latest, string state)
    {
        string path = Path.Combine(_folder, "update.json");
        File.WriteAllText(path + ".new",
            $$"""{"installed":"0.1.0","latest":"{{latest}}","state":"{{state}}","detail":""}""");
        File.Move(path + ".new", path, true);
    }

    [Fact]
    public async Task Update_FileChangesWhileServing_StateIsRetainedAndAnEventTold()
    {
        using var broker = new Broker();
        string config = Path.Combine(_folder, "agent.json");
        File.WriteAllText(config, $$"""{"updateFile":"{{_folder}}/update.json"}""");
        Write("0.1.0", "current");
        using var agent = await Ready(broker, "--config", config, "--telemetry-seconds", "1");
        using var client = await Connect(broker, Topics.Update, Topics.Event);
        var first = await client.Messages.Next(m => m.Topic == Topics.Update);
        Assert.Equal("""{"installed_version":"0.1.0","latest_version":"0.1.0","state":"current"}""", first.Text());
        Assert.True(first.Retain);
        Write("0.2.0", "available");
        var values = (await client.Messages.Next(m => m.Topic == Topics.Event)).Json().GetProperty("values");
        Assert.Equal("update", values.GetProperty("kind").GetString());
        Assert.Equal("available, installed 0.1.0, latest 0.2.0", values.GetProperty("detail").GetString());
        // One who comes later finds the latest.
        using var late = await Connect(broker, Topics.Update);
        var kept = (await late.Messages.Next(m => m.Topic == Topics.Update)).Json();
        Assert.Equal("0.2.0", kept.GetProperty("latest_version").GetString());
    }
}
