using Edge.Gguf;
using Edge.Models.Architectures;

namespace Edge.Models;

/// <summary>The table of architectures: a new one is a file and a line.</summary>
public static class ArchitectureTable
{
    private static readonly SortedDictionary<string, Func<ModelSource, Transformer>> Factories =
        new(StringComparer.Ordinal)
        {
            ["bitnet"] = source => new BitNet(source),
            ["bitnet-25"] = source => new BitNet(source),
            ["bitnet-b1.58"] = source => new BitNet(source),
            ["deepseek2"] = source => new DeepSeek2(source),
            ["gemma2"] = source => new Gemma2(source),
            ["gemma3"] = source => new Gemma3(source),
            ["gpt-oss"] = source => new GptOss(source),
            ["granite"] = source => new Granite(source),
            ["granitemoe"] = source => new GraniteMoe(source),
            ["lfm2"] = source => new Lfm2(source),
            ["llama"] = source => source.Config.ExpertCount > 0 ? new Mixtral(source) : new Llama(source),
            ["olmoe"] = source => new Olmoe(source),
            ["phi3"] = source => new Phi3(source),
            ["plm"] = source => new Plm(source),
            ["qwen2"] = source => new Qwen2(source),
            ["qwen3"] = source => new Qwen3(source),
            ["qwen3moe"] = source => new Qwen3Moe(source),
            ["smollm3"] = source => new SmolLm3(source),
        };

    public static IReadOnlyCollection<string> Names => Factories.Keys;

    /// <summary>Errors: GgufException that names the tensor or key that is missing, or not expected.</summary>
    internal static Transformer Create(ModelSource source)
    {
        string name = source.Config.Architecture;
        Transformer model = Factories[name](source);
        source.Tensors.RequireAllAsked(source.Config);
        return model;
    }

    /// <summary>Refuses an unknown architecture before its other keys are looked at.</summary>
    internal static void RequireKnown(GgufMetadata metadata)
    {
        string name = metadata.GetString("general.architecture");
        if (!Factories.ContainsKey(name))
            throw new GgufException($"architecture '{name}' is not supported; known are {string.Join(", ", Names)}",
                metadata.OffsetOf("general.architecture"));
    }
}
