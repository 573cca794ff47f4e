using Edge.Gguf;
using Edge.Models.Architectures;

namespace Edge.Models;

/// <summary>The table of architectures: a new one is a file and a line.</summary>
public static class ArchitectureTable
{
    private static readonly SortedDictionary<string, Func<ModelSource, Transformer>> Factories =
        new(StringComparer.Ordinal)
        {
            ["llama"] = source => new Llama(source),
            ["qwen2"] = source => new Qwen2(source),
            ["qwen3"] = source => new Qwen3(source),
            ["qwen3moe"] = source => new Qwen3Moe(source),
        };

    public static IReadOnlyCollection<string> Names => Factories.Keys;

    /// <summary>Errors: GgufException that names the architecture and the known ones.</summary>
    internal static Transformer Create(ModelSource source)
    {
        string name = source.Config.Architecture;
        return Factories[name](source);
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
