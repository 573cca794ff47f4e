using System.Text.Json;
using Edge.Agent;
using Edge.Devices;
using Edge.Mqtt;
using Edge.Tests.Devices;
using Edge.Tests.Mqtt;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>Rules of the native binary with the demo model and a real broker.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class RulesTests : IDisposable
{
    private readonly string _config = Path.Combine(Path.GetTempPath(), $"edge-rules-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_config);

    [Fact]
    public async Task Rules_DeviceMessageAndReading_VerdictsAreRetainedAndNothingElseComes()
    {
        await File.WriteAllTextAsync(_config, """
            { "rules": [
              { "name": "farm", "on": { "topic": "farm/+/telemetry" }, "schema": "sensor-verdict",
                "fields": { "temp": "temperature", "hum": "humidity" },
                "prompt": "{{ topic[1] }}: temp {{ temp }}C rising, hum {{ hum }}%, door {{ payload.door }}",
                "publish": { "topic": "verdicts/{{ topic[1] }}", "retain": true } },
              { "name": "air", "on": { "reading": "bme280@1-0076/Temperature", "movesBy": 0.5 },
                "schema": "sensor-verdict", "prompt": "office 2: temp {{ reading.value | round(1) }}C",
                "publish": { "topic": "verdicts/air" } } ] }
            """);
        using var tree = new RecordedTree("pi5");
        using var broker = new Broker();
        using var agent = await Ready(broker, "--config", _config, "--sysfs", tree.Roots.Sys);
        await agent.Log.Ever(line => line.Contains("2 rules run", StringComparison.Ordinal));
        using var client = await Connect(broker, "verdicts/#");

        // Half a character in a device's message: it is left out, and the rules go on.
        client.Transport.TryPublish(new()
        {
            Topic = "farm/half/telemetry", Payload = """{"temperature":1,"humidity":2,"x":"\ud800"}""".Utf8(),
        });
        await agent.Log.Next(line => line.Contains("half a character", StringComparison.Ordinal));
        client.Transport.TryPublish(new()
        {
            Topic = "farm/cold store 2/telemetry",
            Payload = """{"temperature":12.4,"humidity":81,"door":"closed"}""".Utf8(),
        });
        var verdict = await client.Messages.Next(m => m.Topic == "verdicts/cold store 2");
        Assert.Equal(
            """{"status":"critical","sensor":"temperature","reason":"12.4C above limit 4.0C","action":"notify"}""",
            verdict.Text());
        Assert.True(verdict.Retain);
        Assert.Equal((1, "application/json"), (verdict.Qos, verdict.ContentType));
        Assert.Equal(("e2e/farm", "edge.rule"), (verdict.Property("edge-rule"), verdict.Property("type")));

        tree.Write("sys/devices/platform/axi/1000120000.pcie/1f00074000.i2c/i2c-1/1-0076/iio:device0/in_temp_input",
            "39200");
        var air = await client.Messages.Next(m => m.Topic == "verdicts/air");
        using var schema = JsonDocument.Parse(SensorVerdict.SchemaJson);
        Assert.Null(SchemaCheck.Violation(schema.RootElement, air.Text()));

        // A rule's own answer, sent to its trigger by somebody, triggers nothing: the last message is the marker's.
        client.Transport.TryPublish(new()
        {
            Topic = "farm/loop/telemetry", Payload = """{"temperature":1,"humidity":2}""".Utf8(),
            UserProperties = [new("edge-rule", "e2e/farm")],
        });
        client.Transport.TryPublish(new()
        {
            Topic = "farm/office 1/telemetry", Payload = """{"temperature":21,"humidity":40}""".Utf8(),
        });
        await client.Messages.Next(m => m.Topic == "verdicts/office 1");
        Assert.Equal(3, client.Messages.Seen.Count);
    }

    [Fact]
    public async Task Rules_WrongField_IsRefusedAtStartWithRuleAndField()
    {
        await File.WriteAllTextAsync(_config, """
            { "rules": [ { "name": "frost", "on": { "topic": "farm/+/t" }, "prompt": "{{ oops }}",
                           "publish": { "topic": "verdicts/x" } } ] }
            """);
        (await NativeEdge.Run("run", "--model", NativeEdge.Model, "--config", _config))
            .RefusesWith(2, "rules[0] 'frost'", "prompt uses 'oops'");
        await File.WriteAllTextAsync(_config, """{ "rules": [ { "name": "frost", "tpoic": 1 } ] }""");
        (await NativeEdge.Run("run", "--model", NativeEdge.Model, "--config", _config)).RefusesWith(2, "tpoic");
    }
}
