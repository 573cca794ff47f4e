using System.Text.Json;
using Edge.Agent;
using Edge.Devices;
using Edge.Mqtt;
using Edge.Tests.Devices;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>The agent with a real broker, from outside.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ServiceTests
{
    private const string Reading = "cold store 2: temp 12.4C rising, hum 81%, door closed";

    /// <summary>A reply of hundreds of tokens, whatever the model would like to say.</summary>
    private const string LongReply = Long + ",\"stream\":true";

    private static string Format =>
        ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"v\",\"schema\":"
            + SensorVerdict.SchemaJson + "}}";

    [Fact]
    public async Task Chat_Streamed_AcceptedDeltasThenOneFinal()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker);
        byte[] id = agent.Send(client, Chat(Reading, Format + ",\"stream\":true"));
        var final = await Reply(client, id, "final");

        var kinds = client.Messages.Seen.Select(m => m.Property("edge-kind")!).ToList();
        Assert.Equal("accepted", kinds[0]);
        Assert.Equal(1, kinds.Count(kind => kind == "final"));
        Assert.Contains("delta", kinds);
        Assert.Equal("200", final.Property("__stat"));
        string text = final.Json().GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.Equal(
            """{"status":"critical","sensor":"temperature","reason":"12.4C above limit 4.0C","action":"notify"}""",
            text);
        using var schema = JsonDocument.Parse(SensorVerdict.SchemaJson);
        Assert.Null(SchemaCheck.Violation(schema.RootElement, text));
        string deltas = string.Concat(client.Messages.Seen.Where(m => m.Property("edge-kind") == "delta")
            .Select(m => m.Json().GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()));
        Assert.Equal(text, deltas);
        Assert.True(final.Json().GetProperty("timings").GetProperty("tok_s").GetDouble() > 0);
        Assert.Equal(29, final.Json().GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Start_Online_StatusAndInfoAreRetained()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker, Topics.Status, Topics.Info);
        // What the log says may be on its way to the broker still: an earlier status may come first.
        var status = (await client.Messages.Next(m => m.Topic == Topics.Status
            && m.Json().GetProperty("ready").GetBoolean())).Json();
        Assert.Equal("online", status.GetProperty("state").GetString());
        var info = (await client.Messages.Next(m => m.Topic == Topics.Info)).Json();
        var model = info.GetProperty("models")[0];
        Assert.Equal("sensor-triage-moe-q4_0", model.GetProperty("name").GetString());
        Assert.Equal("Q4_0", model.GetProperty("quantisation").GetString());
        Assert.Equal(512, model.GetProperty("context_length").GetInt32());
    }

    [Fact]
    public async Task Rebirth_Asked_StatusComesAgain()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker, Topics.Status);
        await client.Messages.Next(m => m.Topic == Topics.Status && m.Json().GetProperty("ready").GetBoolean());
        client.Transport.TryPublish(new MqttMessage { Topic = Topics.Rebirth, Qos = 1 });
        // Retain As Published keeps the flag on a live message too, so count: this is the second one.
        var again = await client.Messages.Next(m => m.Topic == Topics.Status);
        Assert.Equal("online", again.Json().GetProperty("state").GetString());
    }

    [Fact]
    public async Task Telemetry_EveryGroup_ComesWithSensorsOfTheBoard()
    {
        using var broker = new Broker();
        using var tree = new RecordedTree("pi5");
        using var agent = Start(broker.Port, "--telemetry-seconds", "1", "--sysfs", tree.Roots.Sys);
        using var client = await Connect(broker, Topics.Telemetry("+"));
        var system = await Values("system");
        Assert.Equal(51.6, system.GetProperty("temperature_c").GetDouble());
        Assert.False(system.GetProperty("throttled").GetBoolean());
        Assert.True(system.GetProperty("rss_bytes").GetInt64() > 1 << 20);
        Assert.Equal(0, (await Values("inference")).GetProperty("running").GetInt32());
        Assert.Equal("sensor-triage-moe-q4_0", (await Values("weights")).GetProperty("model").GetString());
        var readings = (await Values("sensors")).GetProperty("readings").EnumerateArray().ToList();
        Assert.Equal(19, readings.Count);
        Assert.Contains(readings, r =>
            r.GetProperty("name").GetString() == "rp1_adc@1f000c8000.adc/Voltage2"
                && r.GetProperty("value").GetDouble() == 2.543
            && r.GetProperty("unit").GetString() == "V");

        async Task<JsonElement> Values(string group)
        {
            var message = (await client.Messages.Next(m => m.Topic == Topics.Telemetry(group))).Json();
            Assert.True(message.TryGetProperty("time", out _));
            return message.GetProperty("values");
        }
    }

    [Fact]
    public async Task Cancel_WhileStreaming_EndsWithCancelled()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker, SlowKernels);
        using var client = await Connect(broker);
        byte[] id = agent.Send(client, Chat(Reading, LongReply));
        await Reply(client, id, "delta");
        client.Transport.TryPublish(
            new MqttMessage { Topic = Topics.Cancel, Qos = 1, Correlation = id, ResponseTopic = "clients/e2e/rsp" });
        var end = await Reply(client, id, "final", "error");
        Assert.Equal("499", end.Property("__stat"));
        Assert.Equal("cancelled", end.Json().GetProperty("code").GetString());
    }

    [Fact]
    public async Task Requests_MoreThanTheQueue_EachAnsweredOnceOrRefused()
    {
        const int count = 24;
        using var broker = new Broker();
        using var agent = await Ready(broker, [.. SlowKernels, "--slots", "1", "--queue", "2"]);
        using var client = await Connect(broker);
        byte[][] ids = [.. Enumerable.Range(0, count)
            .Select(i => agent.Send(client, Chat($"{Reading} {i}", ",\"max_tokens\":20")))];
        List<MqttMessage> ends = [];
        while (ends.Count < count)
            ends.Add(await client.Messages.Next(m => m.Property("edge-kind") is "final" or "error"));
        Assert.Equal(count, ends.Select(m => Convert.ToHexString(m.Correlation.Span)).Distinct().Count());
        Assert.All(ids, id => Assert.Contains(ends, m => m.Correlation.Span.SequenceEqual(id)));
        var refused = ends.Where(m => m.Property("edge-kind") == "error").Select(m => m.Json()).ToList();
        Assert.NotEmpty(refused);
        Assert.True(refused.Count < count);
        Assert.All(refused, problem =>
        {
            Assert.Equal("queue_full", problem.GetProperty("code").GetString());
            Assert.True(problem.GetProperty("retry_after_s").GetDouble() >= 1);
        });
    }

    [Fact]
    public async Task Terminate_WhileServing_FinishesThenOffline()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker, Topics.Status);
        byte[] id = agent.Send(client, Chat(Reading, ",\"stream\":true"));
        await Reply(client, id, "accepted");
        agent.Terminate();
        await Reply(client, id, "final");
        var offline = await client.Messages.Next(m =>
            m.Topic == Topics.Status && m.Json().GetProperty("state").GetString() == "offline");
        Assert.True(offline.Retain);
        Assert.Equal(0, await agent.Exit());
        Assert.DoesNotContain(agent.Log.Seen, line => line.StartsWith("warn", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_BrokerDown_KeepsTryingAndServesWhenItComes()
    {
        using var broker = new Broker("", start: false);
        using var agent = Start(broker.Port);
        string line = await agent.Log.Next(l => l.StartsWith("warn", StringComparison.Ordinal));
        Assert.Contains($"{broker.Port}", line, StringComparison.Ordinal);
        broker.Start();
        await agent.Log.Next(l => l.StartsWith("info: online", StringComparison.Ordinal));
        using var client = await Connect(broker);
        var reply = await agent.Ask(client, Chat(Reading));
        Assert.Equal("stop", reply.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Broker_LostWhileStreaming_AgentComesBackAndServes()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using (var client = await Connect(broker))
        {
            byte[] id = agent.Send(client, Chat(Reading, LongReply));
            await Reply(client, id, "delta");
            broker.Stop();
        }
        await agent.Log.Next(l => l.StartsWith("warn: offline", StringComparison.Ordinal));
        broker.Start();
        await agent.Log.Next(l => l.StartsWith("info: online", StringComparison.Ordinal));
        using var next = await Connect(broker);
        var reply = await agent.Ask(next, Chat(Reading));
        Assert.Equal("stop", reply.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Chat_WrongRequests_EachHasItsCode()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker);
        using var client = await Connect(broker);
        string unsupported =
            """
            ,"response_format":{"type":"json_schema","json_schema":{"name":"x",
             "schema":{"type":"object","patternProperties":{}}}}
            """;
        await Expect("{\"messages\":", 400, "invalid_payload");
        await Expect("""{"messages":7}""", 400, "invalid_payload");
        await Expect(Chat("x", ",\"model\":\"gpt-9\""), 404, "model_not_found", "gpt-9");
        await Expect(Chat("x", unsupported), 422, "schema_unsupported", "patternProperties");
        await Expect(Chat(new string('x', 400_000)), 413, "invalid_payload", "262144");
        var overflow =
            await Expect(Chat(string.Concat(Enumerable.Repeat("cold store 2 ", 300))), 413, "context_overflow", "512");
        Assert.True(overflow.GetProperty("prompt_tokens").GetInt32() > 512);
        Assert.Equal(512, overflow.GetProperty("context_tokens").GetInt32());

        // A field that is not known is no reason to refuse.
        var odd = await agent.Ask(client, Chat(Reading, ",\"frobnicate\":{\"a\":[1]}"));
        Assert.Equal("stop", odd.GetProperty("choices")[0].GetProperty("finish_reason").GetString());

        async Task<JsonElement> Expect(string body, int status, string code, string named = "")
        {
            var problem = await agent.Ask(client, body);
            Assert.Equal(
                (status, code), (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString()));
            Assert.Contains(named, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            return problem;
        }
    }

    [Fact]
    public async Task Start_BrokenConfiguration_ExitsWithTwoAndNamesTheKey()
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, """{"model":"m.gguf","mqtt":{"prot":1}}""");
            (await NativeEdge.Run("run", "--config", path)).RefusesWith(2, path, "prot");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
