using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>What the packaging left to be told.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class AnnouncementTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("edge-state-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Announcement_BrokerComesAfterTheModel_IsPublishedThen()
    {
        string path = Path.Combine(_state, "announce.json");
        File.WriteAllText(path, """{"event":"rollback","from":"1.1","to":"1.0","reason":"it could not be started"}""");
        using var broker = new Broker("", start: false);
        using var agent = StartAfter(
            $"export STATE_DIRECTORY='{_state}'", broker.Port, "--telemetry-seconds", "1");
        await agent.Log.Next(line => line.Contains("info: ready", StringComparison.Ordinal));
        Assert.True(File.Exists(path)); // Nobody is there to hear it.
        broker.Start();
        // Other events may come first; without this one there is no next line, and the wait fails.
        int told = 0;
        do await broker.Logged($"'{Topics.Event}'", ++told);
        while (File.Exists(path));
    }
}
