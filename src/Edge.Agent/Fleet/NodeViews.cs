using System.Text.Json;
using Edge.Mqtt;

namespace Edge.Agent.Fleet;

/// <summary>Every node's view, made of its messages; any thread. Bounded: what comes from the broker is anybody's.
/// </summary>
internal sealed class NodeViews(string root)
{
    public const int NodesMax = 1000;
    private const int TextMax = 128;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, NodeView> _nodes = new(StringComparer.Ordinal);

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<NodeView> All { get { lock (_gate) return [.. _nodes.Values]; } }

    public NodeView? Find(string node)
    {
        lock (_gate) return _nodes.GetValueOrDefault(node);
    }

    /// <summary>True: the message was about a node, and could be read.</summary>
    public bool Take(MqttMessage message)
    {
        string head = root + "/node/";
        if (!message.Topic.StartsWith(head, StringComparison.Ordinal)) return false;
        string[] levels = message.Topic[head.Length..].Split('/');
        try
        {
            using var json = JsonDocument.Parse(message.Payload);
            if (json.RootElement.ValueKind != JsonValueKind.Object || levels.Length < 2) return false;
            lock (_gate)
            {
                if (!_nodes.TryGetValue(levels[0], out var view))
                {
                    if (_nodes.Count >= NodesMax) return false;
                    view = new NodeView { Node = Clean(levels[0]) };
                }
                if (Merge(view, levels[1..], json.RootElement) is not { } merged) return false;
                _nodes[levels[0]] = merged;
                return true;
            }
        }
        catch (JsonException)
        {
            return false; // Not a node of ours.
        }
    }

    private static NodeView? Merge(NodeView view, string[] what, JsonElement json) => what switch
    {
        ["status"] => view with
        {
            State = Text(json, "state") ?? "unknown", Ready = Flag(json, "ready"),
            Version = Text(json, "version") ?? view.Version, Queue = (int?)Number(json, "queue"),
        },
        ["info"] => view with
        {
            Version = Text(json, "version"), KernelSet = Text(json, "kernel_set"),
            Threads = (int?)Number(json, "threads"), Model = FirstModel(json),
        },
        ["telemetry", "system"] when Values(json) is { } v => view with
        {
            UptimeS = Number(v, "uptime_s"), RssBytes = (long?)Number(v, "rss_bytes"),
            CpuPercent = Number(v, "cpu_percent"), TemperatureC = Number(v, "temperature_c"),
            Throttled = Flag(v, "throttled"), Governor = Text(v, "governor"),
            Threads = (int?)Number(v, "threads") ?? view.Threads,
        },
        ["telemetry", "inference"] when Values(json) is { } v => view with
        {
            Running = (int?)Number(v, "running"), Queue = (int?)Number(v, "queue"),
            Completed = (long?)Number(v, "completed"), Refused = (long?)Number(v, "refused"),
            Failed = (long?)Number(v, "failed"), PromptTokens = (long?)Number(v, "prompt_tokens"),
            CompletionTokens = (long?)Number(v, "completion_tokens"), TokS = Number(v, "tok_s"),
            CachedTokens = (long?)Number(v, "cached_tokens"),
        },
        _ => null,
    };

    private static string? FirstModel(JsonElement json) =>
        json.TryGetProperty("models", out var models) && models.ValueKind == JsonValueKind.Array
            && models.GetArrayLength() > 0 && models[0].ValueKind == JsonValueKind.Object
            ? Text(models[0], "name") : null;

    private static JsonElement? Values(JsonElement json) =>
        json.TryGetProperty("values", out var values) && values.ValueKind == JsonValueKind.Object ? values : null;

    private static double? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var v) && v.ValueKind == JsonValueKind.Number && v.TryGetDouble(out double number)
            && Math.Abs(number) < 1e15 ? number : null;

    private static bool? Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var v) && v.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? v.GetBoolean() : null;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var v) && v.ValueKind == JsonValueKind.String ? Clean(v.GetString()!) : null;

    // A stranger's text must not steer the terminal.
    private static string Clean(string text) =>
        string.Concat(text.Take(TextMax).Select(c => char.IsControl(c) ? '?' : c));
}
