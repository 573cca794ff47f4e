using Edge.Engine;
using Edge.Models;

namespace Edge.Agent.Doctor;

/// <summary>Which models this machine can hold, and how fast they can be at best.</summary>
internal static class ModelFit
{
    /// <summary>What a service needs besides weights and cache.</summary>
    private const long ReserveBytes = 256L << 20;
    private const int PromptTokens = 16, GeneratedTokens = 32;
    /// <summary>Four bits and a scale for each block of 32, as Q4_0 has them.</summary>
    private const double BytesPerParameter = 18.0 / 32;

    /// <summary>Parameters in all and per token, in 10⁹, and the bytes of keys and values of 2048 tokens in float16.
    /// A class, as everything that goes through Linq here: each value type there costs tens of kilobytes of
    /// binary.</summary>
    private sealed record SizeClass(string Name, double All, double Active, long KvBytes);

    private static readonly SizeClass[] Classes =
    [
        new("0.6 B, 4 bits", 0.6, 0.6, 224L << 20),
        new("1.7 B, 4 bits", 1.7, 1.7, 224L << 20),
        new("4 B, 4 bits", 4, 4, 288L << 20),
        new("8 B, 4 bits", 8.2, 8.2, 288L << 20),
        new("30 B with 3 B active, 4 bits", 30.5, 3.3, 192L << 20),
    ];

    public static IEnumerable<DoctorModel> OfClasses(long? availableBytes, double memoryBytesPerSecond) =>
        Classes.Select(c => Of(c.Name, null, (long)(c.All * 1e9 * BytesPerParameter),
            (long)(c.Active * 1e9 * BytesPerParameter), c.KvBytes, availableBytes, memoryBytesPerSecond, null));

    /// <summary>A file: its header says what it needs; where it fits, its speed is measured.</summary>
    public static DoctorModel OfFile(string path, long? availableBytes, double memoryBytesPerSecond)
    {
        var header = ModelFile.OpenHeader(path);
        long weights = header.Tensors.Sum(tensor => tensor.Bytes);
        if (weights + ReserveBytes > (availableBytes ?? long.MaxValue))
            return Of(ModelFile.NameOf(path), path, weights, weights, 0, availableBytes, memoryBytesPerSecond, null);
        using var loaded = LoadedModel.Open(path, new ModelOptions());
        var config = loaded.Model.Config;
        const int float16Bytes = 2;
        long kv = 2L * config.LayerCount * config.KvLength
            * config.ContextLength * float16Bytes;
        double? measured = null;
        if (config.ContextLength >= PromptTokens + GeneratedTokens)
        {
            SpeedTest.Run(loaded.Model, PromptTokens, GeneratedTokens); // Pages, caches, clocks.
            measured = SpeedTest.Run(loaded.Model, PromptTokens, GeneratedTokens).DecodeTokensPerSecond;
        }
        return Of(ModelFile.NameOf(path), path, weights, loaded.Model.WeightBytesPerToken, kv, availableBytes,
            memoryBytesPerSecond, measured);
    }

    private static DoctorModel Of(
        string name, string? file, long weights, long perToken, long kv, long? available, double bandwidth,
        double? measured)
    {
        long needs = weights + kv + ReserveBytes;
        return new DoctorModel(
            name, file, weights, perToken, needs, needs <= (available ?? long.MaxValue),
            Math.Round(bandwidth / Math.Max(1, perToken), 2), measured is { } rate ? Math.Round(rate, 2) : null);
    }
}
