using System.Text.Json.Serialization;

namespace Edge.Agent.Config;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AgentConfig))]
internal sealed partial class ConfigJson : JsonSerializerContext;
