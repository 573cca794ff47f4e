using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>A pool whose members die.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class PoolTests : IDisposable
{
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private static byte[] Ask(Client client, string id)
    {
        Assert.True(client.Transport.TryPublish(new()
        {
            Topic = Topics.PoolRequest("farm", "chat"), Qos = 1, Correlation = id.Utf8(), ExpirySeconds = 60,
            ResponseTopic = "clients/e2e/rsp", Payload = Chat("x", ",\"max_tokens\":2").Utf8(),
            ContentType = "application/json",
        }));
        return id.Utf8();
    }

    /// <summary>mosquitto goes on giving shared messages to members that are away with a session: so a pool's session
    /// ends with its connection.</summary>
    [Fact]
    public async Task Pool_MemberKilled_TheOtherServesAllThatFollows()
    {
        string config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, """{"mqtt":{"pools":["farm"]}}""");
        using var broker = new Broker();
        using var client = await Connect(broker);
        using var stays = await Ready(broker, "--node", "stays", "--config", config);
        using var dies = await Ready(broker, "--node", "dies", "--config", config);
        foreach (string node in new[] { "stays", "dies" }) await broker.Logged($"Sending SUBACK to edge-{node}-pool");
        async Task<string> Server(byte[] id) => (await Reply(client, id, "final", "error")).Json()
            .GetProperty("edge").GetProperty("node").GetString()!;
        var both = new HashSet<string>();
        for (int i = 0; i < 6; i++) both.Add(await Server(Ask(client, $"a{i}")));
        Assert.Equal(["dies", "stays"], both.Order());

        dies.KillNow();
        await broker.Logged("Client edge-dies-pool");
        await broker.Logged("edge-dies-pool closed its connection");
        for (int i = 0; i < 8; i++) Assert.Equal("stays", await Server(Ask(client, $"b{i}")));
    }
}
