using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Mqtt;
using Edge.Tests.House;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>docs/node-red-flow.json can be imported: it is whole, its wires end somewhere, its topics are those of
/// docs/wire.md.</summary>
public sealed partial class NodeRedFlowTests
{
    private static readonly JsonElement[] Nodes =
        [.. JsonDocument.Parse(Repository.Read("docs/node-red-flow.json")).RootElement.EnumerateArray()];

    private static string Text(JsonElement node, string field) =>
        node.TryGetProperty(field, out var value) ? value.GetString() ?? "" : "";

    private static IEnumerable<string> WiresOf(JsonElement node) =>
        node.TryGetProperty("wires", out var outputs)
            ? outputs.EnumerateArray().SelectMany(output => output.EnumerateArray()).Select(id => id.GetString()!) : [];

    [Fact]
    public void Flow_EveryNode_IsWholeAndOnItsTab()
    {
        Assert.Distinct(Nodes.Select(node => Text(node, "id")));
        Assert.All(Nodes, node => Assert.NotEqual("", Text(node, "id")));
        string tab = Text(Assert.Single(Nodes, node => Text(node, "type") == "tab"), "id");
        string broker = Text(Assert.Single(Nodes, node => Text(node, "type") == "mqtt-broker"), "id");
        foreach (var node in Nodes.Where(node => Text(node, "type") is not ("tab" or "mqtt-broker")))
        {
            Assert.Equal(tab, Text(node, "z"));
            Assert.True(node.TryGetProperty("x", out _) && node.TryGetProperty("y", out _), Text(node, "id"));
            // Only nodes that every Node-RED has: nothing must be installed.
            Assert.Contains(Text(node, "type"), new[] { "mqtt in", "mqtt out", "function", "debug", "inject" });
            if (Text(node, "type").StartsWith("mqtt", StringComparison.Ordinal))
                Assert.Equal(broker, Text(node, "broker"));
            if (Text(node, "type") == "function")
                Assert.Equal(node.GetProperty("outputs").GetInt32(), node.GetProperty("wires").GetArrayLength());
        }
    }

    [Fact]
    public void Flow_EveryWire_EndsAtANodeThatTakesInput()
    {
        var byId = Nodes.ToDictionary(node => Text(node, "id"));
        var wires = Nodes.SelectMany(WiresOf).ToList();
        Assert.All(wires, id => Assert.True(byId.ContainsKey(id), $"a wire ends at '{id}', which is no node"));
        Assert.All(wires, id => Assert.Contains(Text(byId[id], "type"), new[] { "function", "mqtt out", "debug" }));
        // What takes input gets some, what gives output gives it to somebody.
        Assert.All(Nodes.Where(node => Text(node, "type") is "function" or "mqtt out" or "debug"),
            node => Assert.Contains(Text(node, "id"), wires));
        Assert.All(Nodes.Where(node => Text(node, "type") is "mqtt in" or "inject" or "function"),
            node => Assert.NotEmpty(WiresOf(node)));
    }

    [Fact]
    public void Flow_EveryTopic_IsOneOfTheContract()
    {
        var contract = TopicsOfTheWire().ToList();
        Assert.InRange(contract.Count, 10, 40);
        var topics = Nodes.Select(node => Text(node, "topic"))
            .Concat(Nodes.SelectMany(node => Quoted().Matches(Text(node, "func")).Select(m => m.Groups[1].Value)))
            .Where(topic => topic.Length > 0).Distinct().ToList();
        Assert.InRange(topics.Count, 3, 20);
        var replies = new ReplyTopics(NodeTopics.DefaultRoot, []);
        foreach (string topic in topics)
        {
            string one = topic.Replace("+", "any", StringComparison.Ordinal);
            Assert.True(contract.Any(row => row.IsMatch(one)) || replies.WhyRefused(one) is null,
                $"{topic} is not in docs/wire.md");
        }
        // The answers come to where the flow listens.
        string asked = Assert.Single(topics, t => t.StartsWith(ReplyTopics.ClientsPrefix, StringComparison.Ordinal));
        Assert.Contains(Nodes, node => Text(node, "type") == "mqtt in" && Text(node, "topic") == asked);
    }

    [Fact]
    public void Request_OfTheFlow_HasTheFieldsThatClientsWithoutPropertiesSend()
    {
        string request = Text(Nodes.Single(node => Text(node, "func").Contains("cmd/chat/req")), "func");
        foreach (string field in new[] { "messages", "request_id", "reply_to", "timeout_s" })
            Assert.Contains(field + ":", request, StringComparison.Ordinal);
    }

    // The topics column of docs/wire.md as patterns: `shed` and `farm` stand for any name.
    private static IEnumerable<Regex> TopicsOfTheWire() =>
        from Match row in Row().Matches(Repository.Read("docs/wire.md"))
        let topic = Regex.Escape(row.Groups[1].Value).Replace("\\{name}", "[a-z.]+", StringComparison.Ordinal)
            .Replace("/shed/", "/[^/]+/", StringComparison.Ordinal)
            .Replace("/farm/", "/[^/]+/", StringComparison.Ordinal)
        select new Regex("^" + Alternatives().Replace(topic, m => $"({m.Groups[1].Value.Replace(',', '|')})") + "$");

    [GeneratedRegex(@"^\| `(edgeai/v1/[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\\\{([a-z,]+)}")]
    private static partial Regex Alternatives();

    [GeneratedRegex("'((?:edgeai|clients)/[^']+)'")]
    private static partial Regex Quoted();
}
