using System.Text.Json;
using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>An operator changes what the native agent serves, over a real broker; nobody else can.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ControlTests : IDisposable
{
    private const string Ops = "clients/ops/rsp", Guest = "clients/guest/rsp";
    private const string First = "sensor-triage-moe-q4_0";

    private readonly JournalPlace _place = new();
    private int _lastId;

    public void Dispose() => _place.Dispose();

    /// <summary>Operators may do all, guests may load one model; "broken" is no model.</summary>
    private async Task<AgentProcess> Start(Broker broker, params string[] extra)
    {
        string config = _place.Path + ".json", broken = _place.Path + ".gguf";
        await File.WriteAllTextAsync(broken, "not a model");
        await File.WriteAllTextAsync(config, $$"""
            {"mqtt":{"pools":["farm"]},"control":{
             "allow":[{"prefix":"clients/ops/","commands":["model.load","model.unload","model.pin","drain"]},
              {"prefix":"clients/guest/","commands":["model.load"],"models":["exact"]}],
             "models":[{"name":"exact","path":"{{NativeEdge.Model.Replace("q4_0", "q8_0")}}"},
              {"name":"broken","path":"{{broken}}"}] } }
            """);
        var agent = await Ready(broker, ["--config", config, "--slots", "1", .. extra]);
        await broker.Logged("Sending SUBACK to edge-e2e-pool");
        return agent;
    }

    private static Task<Client> Operator(Broker broker) =>
        Connect(broker, Ops, Guest, Topics.Event, Topics.Info, Topics.Status, Topics.Response("+"));

    private byte[] Send(Client client, string command, string body, string reply = Ops, string? topic = null,
        bool retain = false)
    {
        byte[] id = $"op{++_lastId}".Utf8();
        Assert.True(client.Transport.TryPublish(new()
        {
            Topic = topic ?? Topics.Request(command), Qos = 1, Payload = body.Utf8(), ResponseTopic = reply,
            Correlation = id, Retain = retain, ContentType = "application/json",
        }));
        return id;
    }

    private static Task<MqttMessage> Got(Client client, Func<MqttMessage, bool> wanted) =>
        client.Messages.Ever(wanted);

    private static Task<MqttMessage> Got(Client client, byte[] id, params string[] kinds) => Got(client, m =>
        m.Correlation.Span.SequenceEqual(id) && kinds.Contains(m.Property("edge-kind")));

    private static async Task<JsonElement> End(Client client, byte[] id) =>
        (await Got(client, id, "final", "error")).Json();

    private async Task<JsonElement> Do(Client client, string command, string body) =>
        await End(client, Send(client, command, body));

    private static string? ModelOf(JsonElement end) => end.GetProperty("model").GetString();

    private static async Task Event(Client client, string kind) =>
        await Got(client, m => m.Topic == Topics.Event
            && m.Json().GetProperty("values").GetProperty("kind").GetString() == kind);

    private static void IsRefused(JsonElement end, string code, int status, string word)
    {
        Assert.True(end.TryGetProperty("code", out var actual), end.ToString());
        Assert.Equal((code, status), (actual.GetString(), end.GetProperty("status").GetInt32()));
        Assert.Contains(word, end.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_AnotherModel_IsServedAnnouncedAndCounted()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker);
        var info = (await Got(client, m => m.Topic == Topics.Info)).Json();
        Assert.Equal([First, "exact", "broken"],
            info.GetProperty("available").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(["chat", "tokenize", "health", "model.load", "model.unload", "model.pin", "drain"],
            info.GetProperty("commands").EnumerateArray().Select(e => e.GetString()));
        await agent.Ask(client, Chat("x", ",\"max_tokens\":2"));

        var done = await Do(client, "model.load", """{"model":"exact","pinned":true}""");
        Assert.Equal(("edge.node", "exact", true, true), (done.GetProperty("object").GetString(),
            done.GetProperty("model").GetString(), done.GetProperty("ready").GetBoolean(),
            done.GetProperty("pinned").GetBoolean()));
        foreach (string kind in new[] { "model_unloaded", "model_loaded", "model_pinned" }) await Event(client, kind);
        await Got(client, m => m.Topic == Topics.Info && m.Text().Contains("\"pinned\":\"exact\""));
        var model = client.Messages.Seen.Last(m => m.Topic == Topics.Info).Json().GetProperty("models")[0];
        Assert.Equal(("exact", "Q8_0"),
            (model.GetProperty("name").GetString(), model.GetProperty("quantisation").GetString()));
        var answer = await agent.Ask(client, Chat("x", ",\"model\":\"exact\",\"max_tokens\":2"));
        Assert.Equal("exact", answer.GetProperty("model").GetString());
        IsRefused(await agent.Ask(client, Chat("x", $",\"model\":\"{First}\"")), "model_not_found", 404, "exact");

        // Pinned: it stays, whoever asks, until it is unpinned.
        IsRefused(await Do(client, "model.load", $$"""{"model":"{{First}}"}"""), "conflict", 409, "pinned");
        IsRefused(await Do(client, "model.unload", ""), "conflict", 409, "pinned");
        Assert.False((await Do(client, "model.pin", """{"pinned":false}""")).GetProperty("pinned").GetBoolean());
        Assert.Equal(First, ModelOf(await Do(client, "model.load", $$"""{"model":"{{First}}"}""")));
    }

    [Fact]
    public async Task Load_WhileARequestRuns_WaitsForItAndRefusesNewOnes()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker, SlowKernels);
        byte[] running = agent.Send(client, Chat("x", Long));
        await Got(client, running, "accepted");
        byte[] load = Send(client, "model.load", """{"model":"exact"}""");
        await Got(client, load, "accepted");
        IsRefused(await agent.Ask(client, Chat("y")), "not_ready", 503, "being changed");
        await Got(client, load, "final");
        // The answer came before the change was over, and from the model that had begun it.
        var last = client.Messages.Seen.Single(m =>
            m.Correlation.Span.SequenceEqual(running) && m.Property("edge-kind") is "final" or "error");
        Assert.Equal(First, last.Json().GetProperty("model").GetString());
        Assert.Equal("exact", ModelOf(await agent.Ask(client, Chat("y", ",\"max_tokens\":2"))));
    }

    [Fact]
    public async Task Load_ThatCannotBe_ChangesNothing()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker, SlowKernels);
        IsRefused(await Do(client, "model.load", """{"model":"other"}"""), "model_not_found", 404, "exact");
        IsRefused(await Do(client, "model.load", """{"model":"broken"}"""), "load_failed", 500, "GGUF");
        byte[] running = agent.Send(client, Chat("x", Long));
        await Got(client, running, "accepted");
        IsRefused(await Do(client, "model.load", """{"model":"exact","timeout_s":0.1}"""), "timeout", 408, "nothing");
        await Got(client, running, "final");
        Assert.Equal(First, ModelOf(await agent.Ask(client, Chat("y", ",\"max_tokens\":2"))));
    }

    [Fact]
    public async Task Unload_ThenChat_IsRefusedUntilAModelIsLoaded()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker);
        var done = await Do(client, "model.unload", "");
        Assert.Equal((JsonValueKind.Null, false),
            (done.GetProperty("model").ValueKind, done.GetProperty("ready").GetBoolean()));
        await Got(client, m => m.Topic == Topics.Info && m.Json().GetProperty("models").GetArrayLength() == 0);
        Assert.False(client.Messages.Seen.Last(m => m.Topic == Topics.Status).Json().GetProperty("ready").GetBoolean());
        IsRefused(await agent.Ask(client, Chat("x")), "not_ready", 503, "model.load");
        IsRefused(await Do(client, "model.pin", ""), "conflict", 409, "load it first");
        await Do(client, "model.load", """{"model":"exact"}""");
        Assert.Equal("exact", ModelOf(await agent.Ask(client, Chat("x", ",\"max_tokens\":2"))));
        agent.Terminate();
        Assert.Equal(0, await agent.Exit());
    }

    [Fact]
    public async Task Commands_NotAllowed_AreRefusedWithTheirCode()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker);
        async Task<JsonElement> As(string reply, string command, string body) =>
            await End(client, Send(client, command, body, reply));
        IsRefused(await As(Guest, "drain", ""), "forbidden", 403, "clients/guest");
        IsRefused(await As(Guest, "model.load", $$"""{"model":"{{First}}"}"""), "forbidden", 403, "this model");
        IsRefused(await As("clients/e2e/rsp", "model.unload", ""), "forbidden", 403, "control.allow");
        await agent.Log.Next(l => l.Contains("model.unload was refused to clients/e2e/rsp"));
        IsRefused(await As(Ops, "model.unload", """{"modle":"exact"}"""), "invalid_payload", 400, "modle");
        IsRefused(await As(Ops, "model.load", "{}"), "invalid_payload", 400, "model");
        IsRefused(await As(Ops, "drain", "[]"), "invalid_payload", 400, "object");
        IsRefused(await As(Ops, "embed", "{}"), "version", 505, "embed");
        IsRefused(await As("somewhere/else", "drain", ""), "invalid_payload", 400, "prefix");
        IsRefused(await End(client, Send(client, "drain", "", retain: true)), "invalid_payload", 400, "retain");
        IsRefused(await End(client, Send(client, "drain", "", topic: Topics.PoolRequest("farm", "drain"))),
            "invalid_payload", 400, "one node");
        Assert.True((await As(Guest, "model.load", """{"model":"exact"}""")).GetProperty("ready").GetBoolean());
    }

    [Fact]
    public async Task Drain_WithWork_EndsWhenTheBrokerHasEveryAnswer()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker, SlowKernels);
        byte[] running = agent.Send(client, Chat("x", Long));
        await Got(client, running, "accepted");
        byte[] drain = Send(client, "drain", "");
        Assert.Equal(1, (await Got(client, drain, "accepted")).Json().GetProperty("position").GetInt32());
        IsRefused(await agent.Ask(client, Chat("y")), "not_ready", 503, "drained");
        await broker.Logged("Client edge-e2e-pool disconnected");
        var done = (await Got(client, drain, "final")).Json();
        Assert.True(done.GetProperty("draining").GetBoolean());
        Assert.Contains(client.Messages.Seen, m =>
            m.Correlation.Span.SequenceEqual(running) && m.Property("edge-kind") == "final");
        Assert.Equal(["draining", "drained"], client.Messages.Seen.Where(m => m.Topic == Topics.Event)
            .Select(m => m.Json().GetProperty("values").GetProperty("kind").GetString()!)
            .Where(kind => kind.StartsWith("drain", StringComparison.Ordinal)));

        Assert.True((await Do(client, "drain", """{"drain":false}""")).GetProperty("ready").GetBoolean());
        await Event(client, "resumed");
        var pooled = new MqttMessage
        {
            Topic = Topics.PoolRequest("farm", "chat"), Qos = 1, Payload = Chat("z", ",\"max_tokens\":2").Utf8(),
            ResponseTopic = Ops, Correlation = "pooled"u8.ToArray(), ContentType = "application/json",
        };
        await broker.Logged("Sending SUBACK to edge-e2e-pool", times: 2);
        Assert.True(client.Transport.TryPublish(pooled));
        await Got(client, "pooled"u8.ToArray(), "final");
    }

    [Fact]
    public async Task Drain_TakenBack_EndsTheWaitWithACode()
    {
        using var broker = new Broker();
        using var client = await Operator(broker);
        using var agent = await Start(broker, SlowKernels);
        byte[] running = agent.Send(client, Chat("x", Long));
        await Got(client, running, "accepted");
        byte[] drain = Send(client, "drain", "");
        byte[] back = Send(client, "drain", """{"drain":false}""");
        IsRefused(await End(client, drain), "cancelled", 499, "taken back");
        Assert.True((await End(client, back)).GetProperty("ready").GetBoolean());
        await Got(client, running, "final");
    }
}
