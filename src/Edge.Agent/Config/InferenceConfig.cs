using System.Text.Json.Serialization;
using Edge.Models;

namespace Edge.Agent.Config;

/// <summary>How the model runs, and the bounds of what requests may ask for.</summary>
internal sealed record InferenceConfig
{
    /// <summary>0: one per core.</summary>
    public int Threads { get; init; }
    /// <summary>f16 or f32.</summary>
    public string Kv { get; init; } = "f16";
    /// <summary>Read the weights into own memory at start instead of mapping the file.</summary>
    public bool ReadWeights { get; init; }
    /// <summary>0: the model's own.</summary>
    public int Context { get; init; }
    public int Slots { get; init; } = 2;
    public int Queue { get; init; } = 32;
    /// <summary>Tokens of a reply whose request names no limit, and the most that one may name.</summary>
    public int MaxTokensDefault { get; init; } = 256;
    public int MaxTokens { get; init; } = 4096;

    [JsonIgnore]
    public ModelOptions ModelOptions => new()
    {
        Threads = Threads,
        KvType = Kv == "f32" ? KvType.F32 : KvType.F16,
        Loading = ReadWeights ? Weights.WeightLoading.Read : Weights.WeightLoading.Map,
    };

    public string? Problem()
    {
        if (Threads is < 0 or > 256) return $"inference.threads {Threads} is outside 0 to 256";
        if (Kv is not ("f16" or "f32")) return $"inference.kv '{Kv}' is not f16 or f32";
        if (Context is < 0 or > 1 << 24) return $"inference.context {Context} is outside 0 to {1 << 24}";
        if (Slots is < 1 or > 64) return $"inference.slots {Slots} is outside 1 to 64";
        if (Queue is < 1 or > 4096) return $"inference.queue {Queue} is outside 1 to 4096";
        if (MaxTokens is < 1 or > 1 << 20) return $"inference.maxTokens {MaxTokens} is outside 1 to {1 << 20}";
        if (MaxTokensDefault < 1 || MaxTokensDefault > MaxTokens)
            return $"inference.maxTokensDefault {MaxTokensDefault} is outside 1 to maxTokens ({MaxTokens})";
        return null;
    }
}
