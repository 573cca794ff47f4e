using System.Text.Json;

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
        using var document = JsonDocument.Parse(stream);
        var board = document.RootElement;
        var memory = board.GetProperty("memory");
        var thermal = board.GetProperty("thermal");
        return new BoardProfile(
            Text(board, "name"), Text(board, "title"), Texts(board, "match"),
            [.. board.GetProperty("clusters").EnumerateArray().Select(c =>
                new CoreCluster(c.GetProperty("cores").GetInt32(), Text(c, "cpu"), (int)Number(c, "maxMhz")))],
            Texts(board, "isa"),
            new BoardMemory(
                Text(memory, "bus"), Number(memory, "peakGbPerSecond"), Number(memory, "usualReadGbPerSecond")),
            [.. board.GetProperty("storage").EnumerateArray().Select(s =>
                new BoardStorage(Text(s, "kind"), Number(s, "readMbPerSecond")))],
            new BoardThermal(Number(thermal, "softC"), Number(thermal, "throttleC"), Number(thermal, "criticalC")),
            Text(board, "source"));
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();

    private static string[] Texts(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
}
