using System.Text.Json;
using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>What the native agent answers besides chat, over the broker and on its socket.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class QueryTests : IDisposable
{
    private const string Reading = "cold store 2: temp 12.4C rising, hum 81%, door closed";
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private static async Task<JsonElement> Ask(AgentProcess agent, Client client, string command, string body) =>
        (await Reply(client, agent.Send(client, body, m => m with { Topic = Topics.Request(command) }),
            "final", "error")).Json();

    [Fact]
    public async Task Tokenize_TextAndConversation_AreCountedAsChatCountsThem()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker);
        var text = await Ask(agent, client, "tokenize", $$"""{"text":"{{Reading}}"}""");
        Assert.Equal("edge.tokens", text.GetProperty("object").GetString());
        int count = text.GetProperty("count").GetInt32();
        Assert.Equal(count, text.GetProperty("tokens").GetArrayLength());
        Assert.Equal(512, text.GetProperty("context_length").GetInt32());
        var chat = await Ask(agent, client, "tokenize", Chat(Reading));
        var answer = await agent.Ask(client, Chat(Reading, ",\"max_tokens\":1"));
        Assert.Equal(answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(),
            chat.GetProperty("count").GetInt32());
        Assert.InRange(count, 5, chat.GetProperty("count").GetInt32() - 1);
        var other = await Ask(agent, client, "tokenize", """{"text":"x","model":"other"}""");
        Assert.Equal("model_not_found", other.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Health_OverTheBrokerAndByTheCommand_IsTheSame()
    {
        string socket = _place.Path + ".sock", config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, $$$"""{"health":{"socket":"{{{socket}}}"}}""");
        using var broker = new Broker();
        JsonElement said;
        using (var agent = await Ready(broker, "--config", config))
        {
            using var client = await Connect(broker);
            var health = await Ask(agent, client, "health", "{}");
            Assert.Equal(("edge.health", true, true, "ok"), (health.GetProperty("object").GetString(),
                health.GetProperty("ready").GetBoolean(), health.GetProperty("online").GetBoolean(),
                health.GetProperty("journal").GetString()));
            var outcome = await NativeEdge.Run("health", "--socket", socket, "--ready", "--online");
            Assert.True(outcome.Code == 0, outcome.Error);
            using var json = JsonDocument.Parse(outcome.Output);
            said = json.RootElement.Clone();
            Assert.Equal(health.GetProperty("boot_id").GetString(), said.GetProperty("boot_id").GetString());
            broker.Stop();
            await agent.Log.Next(line => line.StartsWith("warn: offline", StringComparison.Ordinal));
            (await NativeEdge.Run("health", "--socket", socket, "--online")).RefusesWith(1, "broker");
            Assert.Equal(0, (await NativeEdge.Run("health", "--socket", socket, "--ready")).Code);
        }
        (await NativeEdge.Run("health", "--socket", socket)).RefusesWith(1, socket, "is it running");
    }

    [Fact]
    public async Task Embed_AsEveryUnknownCommand_IsRefusedWithVersion()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker);
        Assert.Equal("version", (await Ask(agent, client, "embed", "{}")).GetProperty("code").GetString());
    }
}
