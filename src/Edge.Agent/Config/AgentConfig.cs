using System.Text.Json.Serialization;
using Edge.Agent.Rules;
using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>Everything that the service can be told; immutable, validated before anything starts. The file's keys are
/// these names.</summary>
/// <param name="Model">Path of the GGUF file, or a name in the store.</param>
/// <param name="ModelName">The name by which requests ask for the model; absent: the file's name without its
/// ending.</param>
/// <param name="Node">This machine's name in topics; absent: the host's name.</param>
/// <param name="UpdateFile">Where the packaging writes which releases there are; absent: nothing is known of newer
/// ones.</param>
/// <param name="DrainSeconds">On stop: how long accepted requests may still run before they are cancelled.</param>
internal sealed record AgentConfig(
    string Model = "",
    string? ModelName = null,
    string? Node = null,
    string? UpdateFile = null,
    InferenceConfig? Inference = null,
    SpeculationConfig? Speculation = null,
    MqttConfig? Mqtt = null,
    SensorsConfig? Sensors = null,
    JournalConfig? Journal = null,
    ControlConfig? Control = null,
    RuleConfig[]? Rules = null,
    HomeAssistantConfig? HomeAssistant = null,
    HealthConfig? Health = null,
    OtlpConfig? Otlp = null,
    double TelemetrySeconds = 10,
    double DrainSeconds = 10)
{
    // No setters: the binder would set them again after the constructor, past these defaults.
    public string Model { get; } = ModelFile.Named(Model);
    public string ModelName { get; } = ModelName ?? ModelFile.NameOf(ModelFile.Named(Model));
    public string Node { get; } = Node ?? DefaultNode;
    public InferenceConfig Inference { get; } = Inference ?? new();
    public SpeculationConfig Speculation { get; } = Speculation ?? new();
    public MqttConfig Mqtt { get; } = Mqtt ?? new();
    public SensorsConfig Sensors { get; } = Sensors ?? new();
    public JournalConfig Journal { get; } = Journal ?? new();
    public ControlConfig Control { get; } = Control ?? new();
    public HomeAssistantConfig HomeAssistant { get; } = HomeAssistant ?? new();
    public HealthConfig Health { get; } = Health ?? new();
    public OtlpConfig Otlp { get; } = Otlp ?? new();
    public RuleConfig[] Rules { get; } = Rules ?? [];

    /// <summary>The host's name with what a topic level may not hold replaced.</summary>
    [JsonIgnore]
    public static string DefaultNode { get; } =
        string.Concat(
            Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        if (Model.Length == 0) return "no model; set \"model\" in the configuration or give --model FILE";
        if (new NodeTopics(Mqtt.Root, Node).Validate() is { } topics) return topics;
        if (TelemetrySeconds is not (>= 1 and <= 86400))
            return $"telemetrySeconds {TelemetrySeconds} is outside 1 to 86400";
        if (DrainSeconds is not (>= 0 and <= 600)) return $"drainSeconds {DrainSeconds} is outside 0 to 600";
        return Inference.Problem() ?? Speculation.Problem() ?? Mqtt.Problem() ?? Journal.Problem() ?? Sensors.Problem()
            ?? Control.Problem(ModelName) ?? HomeAssistant.Problem() ?? Health.Problem() ?? Otlp.Problem()
            ?? RuleCompiler.Compile(Rules, new NodeTopics(Mqtt.Root, Node)).Problem;
    }
}
