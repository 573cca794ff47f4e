using System.Globalization;
using System.Text.Json;
using Edge.Gguf;

namespace Edge.Agent;

/// <summary>What the store knows of a model: the file NAME.json beside NAME.gguf.</summary>
/// <param name="Source">Where it comes from, as its owner or the file says; null: neither does.</param>
/// <param name="CopiedFrom">The path that it was added from.</param>
internal sealed record ModelRecord(
    string Name, long Bytes, string Sha256, string? Architecture, string? License, string? Source, string CopiedFrom,
    DateTimeOffset Added)
{
    private const string Format = "edge-model-1";
    private const int BytesMax = 64 << 10;

    private static readonly string[] SourceKeys =
    [
        "general.source.url", "general.source.repo_url", "general.source.huggingface.repository", "general.repo_url",
        "general.url",
    ];

    /// <summary>The licence that the file names, by its short name or its link.</summary>
    public static string? LicenseOf(GgufMetadata file) =>
        TextOf(file, "general.license") ?? TextOf(file, "general.license.name") ?? TextOf(file, "general.license.link");

    public static string? SourceOf(GgufMetadata file)
    {
        foreach (string key in SourceKeys)
            if (TextOf(file, key) is { } found) return found;
        return null;
    }

    /// <summary>A short string value; null where there is none: what stands there decides nothing.</summary>
    public static string? TextOf(GgufMetadata file, string key) =>
        file.TypeNameOf(key) == nameof(GgufValueType.String) && file.GetString(key) is { Length: > 0 and <= 500 } text
            ? Plain(text) : null;

    /// <summary>Control characters of a stranger's file must not reach the terminal.</summary>
    public static string Plain(string text) => string.Create(text.Length, text, static (shown, from) =>
    {
        for (int i = 0; i < shown.Length; i++) shown[i] = char.IsControl(from[i]) ? ' ' : from[i];
    });

    public void Write(Utf8JsonWriter writer, string? path = null, string? state = null)
    {
        writer.WriteStartObject();
        if (path is null) writer.WriteString("format", Format);
        writer.WriteString("name", Name);
        if (path is not null) writer.WriteString("path", path);
        writer.WriteNumber("bytes", Bytes);
        writer.WriteString("sha256", Sha256);
        writer.WriteString("architecture", Architecture);
        writer.WriteString("license", License);
        writer.WriteString("source", Source);
        writer.WriteString("copied_from", CopiedFrom);
        writer.WriteString("added", Added.ToString("O", CultureInfo.InvariantCulture));
        if (state is not null) writer.WriteString("state", state);
        writer.WriteEndObject();
    }

    /// <summary>Null where the file is no whole record.</summary>
    public static ModelRecord? Read(string path)
    {
        try
        {
            if (FileFacts.LengthOf(path) > BytesMax) return null;
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement all = json.RootElement;
            if (all.GetProperty("format").GetString() != Format) return null;
            return new(Required("name"), all.GetProperty("bytes").GetInt64(), Required("sha256"),
                all.GetProperty("architecture").GetString(), all.GetProperty("license").GetString(),
                all.GetProperty("source").GetString(), Required("copied_from"),
                all.GetProperty("added").GetDateTimeOffset());

            string Required(string name) => all.GetProperty(name).GetString() ?? throw new JsonException(name);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
