using System.Text.Json.Serialization;
using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>Everything that the service can be told; immutable, validated before anything starts. The file's keys are these names.</summary>
internal sealed record AgentConfig
{
    /// <summary>Path of the GGUF file.</summary>
    public string Model { get; init; } = "";
    /// <summary>The name by which requests ask for the model; empty: the file's name without its ending.</summary>
    public string ModelName { get; init; } = "";
    /// <summary>This machine's name in topics.</summary>
    public string Node { get; init; } = DefaultNode;
    public InferenceConfig Inference { get; init; } = new();
    public MqttConfig Mqtt { get; init; } = new();
    public SensorsConfig Sensors { get; init; } = new();
    public double TelemetrySeconds { get; init; } = 10;
    /// <summary>On stop: how long accepted requests may still run before they are cancelled.</summary>
    public double DrainSeconds { get; init; } = 10;

    [JsonIgnore]
    public string NameOfModel => ModelName.Length > 0 ? ModelName : ModelFile.NameOf(Model);

    /// <summary>The host's name with what a topic level may not hold replaced.</summary>
    public static string DefaultNode { get; } =
        string.Concat(Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        if (Model.Length == 0) return "no model; set \"model\" in the configuration or give --model FILE";
        if (new NodeTopics(Mqtt.Root, Node).Validate() is { } topics) return topics;
        if (TelemetrySeconds is not (>= 1 and <= 86400)) return $"telemetrySeconds {TelemetrySeconds} is outside 1 to 86400";
        if (DrainSeconds is not (>= 0 and <= 600)) return $"drainSeconds {DrainSeconds} is outside 0 to 600";
        return Inference.Problem() ?? Mqtt.Problem();
    }
}
