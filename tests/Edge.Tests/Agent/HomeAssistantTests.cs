using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Agent.Config;
using Edge.Agent.Service;
using Edge.Devices;
using Edge.Mqtt;
using Edge.Tests.Devices;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>The discovery message against the fields that Home Assistant documents.</summary>
public sealed class HomeAssistantTests
{
    private static readonly NodeTopics Topics = new(NodeTopics.DefaultRoot, "shed");

    private static readonly Dictionary<string, string[]> UnitsOfClass = new()
    {
        ["temperature"] = ["°C", "°F", "K"], ["humidity"] = ["%"], ["atmospheric_pressure"] = ["hPa", "mbar", "Pa"],
        ["carbon_dioxide"] = ["ppm"], ["voltage"] = ["V", "mV"], ["current"] = ["A", "mA"], ["power"] = ["W", "kW"],
        ["illuminance"] = ["lx"], ["distance"] = ["m", "cm"], ["speed"] = ["mm/s", "m/s"], ["data_size"] = ["MiB", "B"],
        ["problem"] = [""],
    };

    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static JsonElement Payload()
    {
        using var tree = new RecordedTree("pi5");
        using var inventory = SensorInventory.Discover(tree.Roots, [new("pinctrl-rp1", 17, "it's a \"door\"")], 1);
        return JsonDocument.Parse(
            HomeAssistantDevice.Write(Topics, "0.1.0", inventory.ReadAll(), 10)).RootElement;
    }

    [Fact]
    public void Device_RecordedBoard_HasOnlyDocumentedFieldsAndAllThatMustBe()
    {
        var payload = Payload();
        Assert.Empty(HomeAssistantFields.Violations(payload));
        var availability = Assert.Single(payload.GetProperty("avty").EnumerateArray());
        Assert.Equal(Topics.Status, availability.GetProperty("t").GetString());
        var components = payload.GetProperty("cmps").EnumerateObject().Select(entry => entry.Value).ToList();
        Assert.Distinct(components.Select(c => c.GetProperty("uniq_id").GetString()));
        foreach (var component in components)
        {
            if (component.TryGetProperty("dev_cla", out var kind))
                Assert.Contains(component.TryGetProperty("unit_of_meas", out var unit) ? unit.GetString() : "",
                    UnitsOfClass[kind.GetString()!]);
            foreach (var template in component.EnumerateObject().Where(f => f.Name.EndsWith("_tpl")))
                Assert.DoesNotContain("value_json.values", template.Value.GetString(), StringComparison.Ordinal);
        }
    }

    /// <summary>The table finds what it is there to find.</summary>
    [Theory]
    [InlineData("\"stat_t\"", "\"state_t\"", "state_t is not documented")]
    [InlineData("\"uniq_id\"", "\"unique\"", "unique_id is missing")]
    [InlineData("\"exp_aft\":30", "\"exp_aft\":\"30\"", "exp_aft is 30, not Whole")]
    [InlineData("\"stat_cla\":\"measurement\"", "\"stat_cla\":\"mean\"", "stat_cla is mean")]
    [InlineData("\"p\":\"notify\"", "\"p\":\"notice\"", "platform notice")]
    [InlineData("\"qos\":1", "\"qos\":3", "qos is 3")]
    [InlineData("\"ids\"", "\"id\"", "identifiers is missing")]
    [InlineData("\"o\":", "\"orig\":", "origin is missing")]
    [InlineData("\"cmd_t\":", "\"command_topic\":\"x\",\"cmd_t\":", "command_topic is there twice")]
    public void Violations_OfADamagedMessage_NameTheDamage(string whole, string damaged, string finding)
    {
        string text = Payload().GetRawText();
        Assert.Contains(whole, text, StringComparison.Ordinal);
        using var message = JsonDocument.Parse(text.Replace(whole, damaged, StringComparison.Ordinal));
        Assert.Contains(HomeAssistantFields.Violations(message.RootElement),
            found => found.Contains(finding, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("temperature", "sensor")]
    [InlineData("throttled", "binary_sensor")]
    [InlineData("memory", "sensor")]
    [InlineData("tokens", "sensor")]
    [InlineData("queue", "sensor")]
    [InlineData("ask", "notify")]
    [InlineData("answer", "sensor")]
    [InlineData("update", "update")]
    [InlineData("edge_bme280_1-0076_RelativeHumidity", "sensor")]
    public void Device_Component_IsThere(string key, string platform) =>
        Assert.Equal(platform, Payload().GetProperty("cmps").GetProperty(key).GetProperty("p").GetString());

    [Fact]
    public void Ask_Template_MakesARequestThatTheNodeTakes()
    {
        var ask = Payload().GetProperty("cmps").GetProperty("ask");
        Assert.Equal(Topics.Request("chat"), ask.GetProperty("cmd_t").GetString());
        string body = ask.GetProperty("cmd_tpl").GetString()!.Replace("{{ value | tojson }}", "\"Is it warm?\"");
        Assert.True(ChatRequestReader.TryRead(Encoding.UTF8.GetBytes(body), out var request, out var problem, out _),
            problem?.Detail);
        Assert.Equal("Is it warm?", Assert.Single(request!.Messages).Content);
        Assert.Null(new ReplyTopics(Topics.Root, []).WhyRefused(request.ReplyTo!));
        var answer = Payload().GetProperty("cmps").GetProperty("answer");
        Assert.Equal(request.ReplyTo, answer.GetProperty("stat_t").GetString());
        Assert.Contains("[:250]", answer.GetProperty("val_tpl").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Update_Template_ReadsTheFieldsOfTheUpdateTopic()
    {
        var update = Payload().GetProperty("cmps").GetProperty("update");
        Assert.Equal(Topics.Update, update.GetProperty("stat_t").GetString());
        string template = update.GetProperty("val_tpl").GetString()!;
        // Home Assistant refuses the whole state when it has a field that it does not know.
        string[] known =
        [
            "installed_version", "latest_version", "title", "release_summary", "release_url", "entity_picture",
            "in_progress", "update_percentage",
        ];
        var made = Regex.Matches(template, "'([a-z_]+)':").Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(["installed_version", "latest_version", "in_progress", "release_summary"], made);
        Assert.Empty(made.Except(known));
        // And what it reads is what the node publishes, under the names of its JSON.
        string body = JsonSerializer.Serialize(new NodeUpdate("1", "2", "available", "x"), SnakeCase);
        using var published = JsonDocument.Parse(body);
        var read = Regex.Matches(template, @"value_json\.([a-z_]+)").Select(m => m.Groups[1].Value).ToList();
        Assert.All(read, name => Assert.True(published.RootElement.TryGetProperty(name, out _), name));
        Assert.Contains("latest_version", read);
    }

    [Fact]
    public void Link_OnRemoveAndOff_PublishesWhatTheModeSays()
    {
        Assert.Equal(("homeassistant/device/edge_shed/config", true, true), Announced("on"));
        Assert.Equal(("homeassistant/device/edge_shed/config", true, false), Announced("remove"));
        Assert.Null(Announced("off"));

        static (string, bool, bool)? Announced(string mode)
        {
            var sent = new List<MqttMessage>();
            using var link = Link(mode, sent);
            link.OnOnline(); // Not before the sensors are known.
            Assert.Empty(sent);
            link.Announce([]);
            return sent.Count == 0 ? null : (sent[0].Topic, sent[0].Retain, sent[0].Payload.Length > 0);
        }
    }

    [Fact]
    public void Link_OtherTopics_AreNotItsBusiness()
    {
        using var link = Link("on", []);
        Assert.False(link.OnMessage(new MqttMessage { Topic = "farm/a" }));
        Assert.True(link.OnMessage(
            new MqttMessage { Topic = "homeassistant/status", Payload = "offline"u8.ToArray() }));
    }

    private static HomeAssistantLink Link(string mode, List<MqttMessage> sent) =>
        new(new HomeAssistantConfig(mode), Topics, "0.1.0", 10, message =>
        {
            sent.Add(message);
            return true;
        });
}
