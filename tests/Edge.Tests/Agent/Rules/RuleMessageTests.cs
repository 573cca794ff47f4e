using Edge.Agent.Config;
using Edge.Agent.Rules;
using Xunit;

namespace Edge.Tests.Agent.Rules;

/// <summary>Rules on messages that devices publish.</summary>
public sealed class RuleMessageTests
{
    private static readonly RuleConfig Farm = new(
        "farm", new TriggerConfig(Topic: "farm/+/telemetry"), new() { ["temp"] = "temperature" },
        "{{ topic[1] }}: temp {{ temp }}C{% if payload.door %}, door {{ payload.door }}{% endif %}",
        Publish: new("verdicts/{{ topic[1] }}"));

    private static readonly RuleConfig Cellar = new(
        "cellar", new TriggerConfig(Topic: "esphome/+/sensor/temperature/state"), new() { ["t"] = "." },
        "{{ topic[1] }}: temp {{ t }}C", Publish: new("verdicts/esp/{{ topic[1] }}"));

    private static readonly RuleConfig Tasmota = new(
        "tasmota", new TriggerConfig(Topic: "tele/+/SENSOR"),
        new() { ["temp"] = "AM2301.Temperature", ["hum"] = "/AM2301/Humidity" },
        "{{ topic[1] | replace('_7F2A', '') }}: temp {{ temp | round(0) | int }}C, hum {{ hum | round(0) | int }}%",
        Publish: new("verdicts/tasmota"));

    private static readonly RuleConfig Zigbee = new(
        "zigbee", new TriggerConfig(Topic: "zigbee2mqtt/+"), new() { ["contact"] = "contact" },
        "{{ topic[1] }}: door {{ 'closed' if contact else 'open' }}", Publish: new("verdicts/zigbee"));

    [Fact]
    public void RecordedDevices_FourRules_AskWhatTheyShouldAndNothingElse()
    {
        var bench = new RuleBench([Farm, Cellar, Tasmota, Zigbee]);
        var asked = RuleBench.Recorded().SelectMany(m => bench.Send(m.Topic, m.Payload)).ToList();
        Assert.Equal(
        [
            "verdicts/greenhouse 1 ← greenhouse 1: temp 33.4C",
            "verdicts/cold store 2 ← cold store 2: temp 12.4C, door closed",
            "verdicts/esp/cellar ← cellar: temp 7.9C",
            "verdicts/esp/cellar ← cellar: temp nanC",
            "verdicts/zigbee ← Fridge door: door open",
            "verdicts/tasmota ← shed: temp 4C, hum 88%",
        ], asked);
        // Messages without the field are left out, with the rule's and the field's name.
        Assert.Equal(2, bench.Problems.Count);
        Assert.All(bench.Problems, p => Assert.StartsWith("farm: a message on farm/cold store 2/telemetry", p,
            StringComparison.Ordinal));
        Assert.Contains("'temperature' for fields.temp", bench.Problems[0], StringComparison.Ordinal);
        Assert.Empty(bench.Pass(7200));
    }

    [Fact]
    public void Debounce_Chatter_TheLatestOnceEachTopicIsQuiet()
    {
        var bench = new RuleBench([Farm with { DebounceSeconds = 5 }]);
        Assert.Empty(bench.Send("farm/a/telemetry", """{"temperature":1}"""));
        Assert.Empty(bench.Pass(3));
        Assert.Empty(bench.Send("farm/a/telemetry", """{"temperature":2}"""));
        Assert.Empty(bench.Send("farm/b/telemetry", """{"temperature":9}"""));
        Assert.Empty(bench.Pass(4));
        Assert.Equal(["verdicts/a ← a: temp 2C", "verdicts/b ← b: temp 9C"], bench.Pass(1));
        Assert.Empty(bench.Pass(100));
    }

    [Fact]
    public void RateLimit_Flood_DropsAndRecoversAfterAMinute()
    {
        var bench = new RuleBench([Farm with { PerMinuteMax = 3 }]);
        int asked = Enumerable.Range(0, 50).Sum(i => bench.Send($"farm/d{i}/telemetry", """{"temperature":1}""").Count);
        Assert.Equal((3, 47L), (asked, bench.Book.Dropped));
        bench.Pass(59);
        Assert.Empty(bench.Send("farm/x/telemetry", """{"temperature":1}"""));
        bench.Pass(2);
        Assert.Single(bench.Send("farm/x/telemetry", """{"temperature":1}"""));
    }

    [Fact]
    public void Debounce_MoreTopicsThanTheBound_AreCountedAndMemoryStays()
    {
        var bench = new RuleBench([Farm with { DebounceSeconds = 5, PerMinuteMax = 600 }]);
        for (int i = 0; i < RuleGate.PendingMax + 40; i++) bench.Send($"farm/d{i}/telemetry", """{"temperature":1}""");
        Assert.Equal(40, bench.Book.Dropped);
        Assert.Equal(RuleGate.PendingMax, bench.Pass(6).Count);
    }

    [Fact]
    public void AnswerOfARule_OfAnyNode_TriggersNothing() =>
        Assert.Empty(new RuleBench([Farm]).Send("farm/a/telemetry", """{"temperature":1}""", mark: "other/frost"));

    [Fact]
    public void RetainedMessage_AgainAfterAReconnect_AsksOnce()
    {
        var bench = new RuleBench([Farm]);
        Assert.Single(bench.Send("farm/a/telemetry", """{"temperature":1}""", retain: true));
        Assert.Empty(bench.Send("farm/a/telemetry", """{"temperature":1}""", retain: true));
        Assert.Single(bench.Send("farm/a/telemetry", """{"temperature":2}""", retain: true));
    }

    [Theory]
    [InlineData("a/../cmd", "verdicts/a-..-cmd")]
    [InlineData("+", "verdicts/-")]
    [InlineData("#", "verdicts/-")]
    public void Topic_ValueFromOutside_AddsNoLevelAndNoWildcard(string value, string topic)
    {
        var rule = Farm with { Publish = new("verdicts/{{ payload.place }}") };
        string body = $$"""{"temperature":1,"place":"{{value}}"}""";
        Assert.StartsWith(topic + " ←", Assert.Single(new RuleBench([rule]).Send("farm/a/telemetry", body)),
            StringComparison.Ordinal);
    }

    // What a rule's loop throws ends the process, so nothing that a device can publish may make it throw.
    [Theory]
    [InlineData("1e999")]
    [InlineData("-1e999")]
    [InlineData("99999999999999999999999")]
    [InlineData("-0.0")]
    [InlineData("\"\"")]
    [InlineData("\"1e400\"")]
    [InlineData("\"\\u0000\\u001b\"")]
    [InlineData("\"\\ud800\"")]
    [InlineData("[[],{}]")]
    [InlineData("{\"a\":{\"a\":[1]}}")]
    [InlineData("true")]
    [InlineData("null")]
    public void Message_WithAnOddValue_IsAskedOrLeftOut(string value)
    {
        var bench = new RuleBench([Farm, Tasmota, Zigbee]);
        string tasmota = $$$"""{"AM2301":{"Temperature":{{{value}}},"Humidity":{{{value}}}}}""";
        bench.Send("farm/a/telemetry", $$$"""{"temperature":{{{value}}},"door":{{{value}}}}""");
        bench.Send("tele/a_7F2A/SENSOR", tasmota);
        bench.Send("zigbee2mqtt/a", $$"""{"contact":{{value}}}""");
        Assert.Single(bench.Send("farm/b/telemetry", """{"temperature":1}"""));
    }

    [Fact]
    public void Topic_EmptyAfterFilling_IsAProblemAndNoQuestion()
    {
        var bench = new RuleBench([Farm with { Publish = new("{{ payload.nothing }}") }]);
        Assert.Empty(bench.Send("farm/a/telemetry", """{"temperature":1}"""));
        Assert.Contains("publish.topic became ''", Assert.Single(bench.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a.b":{"c":[10,20]}}""", "/a.b/c/1", "20")]
    [InlineData("""{"a/b":1}""", "/a~1b", "1")]
    [InlineData("""[5,6]""", "1", "6")]
    [InlineData("ON", ".", "ON")]
    public void PayloadPath_Field_IsFound(string payload, string path, string value)
    {
        var (read, _) = PayloadPath.Read(System.Text.Encoding.UTF8.GetBytes(payload));
        Assert.True(PayloadPath.TryFind(read, path, out object? found));
        Assert.Equal(value, found!.ToString());
    }

    [Theory]
    [InlineData("{\"a\":1}", "b")]
    [InlineData("{\"a\":null}", "a")]
    [InlineData("[1]", "1")]
    [InlineData("[1]", "-1")]
    [InlineData("plain", "a")]
    public void PayloadPath_NoSuchField_IsNotFound(string payload, string path) =>
        Assert.False(PayloadPath.TryFind(
            PayloadPath.Read(System.Text.Encoding.UTF8.GetBytes(payload)).Payload, path, out _));

    [Fact]
    public void PayloadPath_BinaryDeepOrHuge_IsAProblem()
    {
        Assert.NotNull(PayloadPath.Read(new byte[] { 0xFF, 0xFE, 0 }).Problem);
        Assert.NotNull(PayloadPath.Read(new byte[] { 1, 2, 3 }).Problem);
        Assert.NotNull(PayloadPath.Read(new byte[PayloadPath.PayloadBytesMax + 1]).Problem);
        // Too deep for JSON: then it is text, and has no fields.
        Assert.IsType<string>(PayloadPath.Read("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"u8.ToArray()).Payload);
    }
}
