using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Devices.Boards;

/// <summary>Cores of one kind.</summary>
public sealed record CoreCluster(int Cores, string Cpu, int MaxMhz);

/// <summary>GB is 10⁹ bytes; 0: unknown.</summary>
public sealed record BoardMemory(string Bus, double PeakGbPerSecond, double UsualReadGbPerSecond);

public sealed record BoardStorage(string Kind, double ReadMbPerSecond);

/// <summary>Soft: where our governor wants to stay below. Throttle: where firmware or kernel lower the clock.</summary>
public sealed record BoardThermal(double SoftC, double ThrottleC, double CriticalC);

/// <summary>What is known of a kind of board: boards/NAME/board.json.</summary>
/// <param name="Match">Beginnings of the device tree's model; none: chosen by architecture.</param>
/// <param name="Source">Where the figures come from.</param>
public sealed record BoardProfile(
    string Name, string Title, IReadOnlyList<string> Match, IReadOnlyList<CoreCluster> Clusters,
    IReadOnlyList<string> Isa, BoardMemory Memory, IReadOnlyList<BoardStorage> Storage, BoardThermal Thermal,
    string Source)
{
    /// <summary>A new board is a new file and a name here.</summary>
    private static readonly string[] Names =
        ["pi5", "pi4", "pi-zero-2w", "rock5b", "jetson-orin-nano", "generic-arm64", "generic-x64"];

    public static IReadOnlyList<BoardProfile> All { get; } = [.. Names.Select(Read)];

    private static BoardProfile Read(string name)
    {
        using var stream = typeof(BoardProfile).Assembly.GetManifestResourceStream($"board-{name}.json")
            ?? throw new InvalidOperationException($"boards/{name}/board.json is not embedded in Edge.Devices");
        return JsonSerializer.Deserialize(stream, BoardJson.Default.BoardProfile)
            ?? throw new InvalidOperationException($"boards/{name}/board.json is empty");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BoardProfile))]
internal sealed partial class BoardJson : JsonSerializerContext;
