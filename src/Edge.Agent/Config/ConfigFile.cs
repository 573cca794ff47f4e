using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Edge.Agent.Config;

/// <summary>JSON files, one over the other, and the command line on top of them, bound to one record.</summary>
internal static class ConfigFile
{
    private const int BytesMax = 1024 * 1024;

    /// <summary>What a later source says wins; a folder stands for its *.json files in the order of their names, and
    /// need not exist. Errors: UserErrorException (usage) naming the file and the key that is wrong.</summary>
    public static AgentConfig Read(IReadOnlyList<string> sources, IReadOnlyDictionary<string, string?> overrides)
    {
        string[] files = [.. sources.SelectMany(Files)];
        var builder = new ConfigurationBuilder();
        foreach (string file in files)
        {
            if (new FileInfo(file).Length > BytesMax)
                throw Usage($"configuration {file} is larger than {BytesMax} bytes");
            // Read once, not watched: a change takes a restart, and an idle agent should do nothing.
            byte[] bytes = File.ReadAllBytes(file);
            RequireJson(file, bytes);
            builder.AddJsonStream(new MemoryStream(bytes));
        }
        builder.AddInMemoryCollection(overrides);
        AgentConfig config;
        try
        {
            config = builder.Build().Get<AgentConfig>(options => options.ErrorOnUnknownConfiguration = true)
                ?? new AgentConfig();
        }
        catch (Exception e) when (
            e is InvalidOperationException or FormatException or InvalidDataException or JsonException)
        {
            throw Usage($"configuration {Names(files)}: {e.InnerException?.Message ?? e.Message}");
        }
        return config.Problem() is { } problem
            ? throw Usage(files.Length == 0 ? problem : $"configuration {Names(files)}: {problem}")
            : config;
    }

    private static IEnumerable<string> Files(string source)
    {
        if (File.Exists(source)) return [source];
        // A folder of overrides is not there until somebody overrides something.
        if (Directory.Exists(source)) return Directory.EnumerateFiles(source, "*.json").Order(StringComparer.Ordinal);
        return Path.EndsInDirectorySeparator(source)
            ? []
            : throw Usage($"configuration {source} does not exist");
    }

    /// <summary>With several files the one that cannot be read is named.</summary>
    private static void RequireJson(string file, byte[] bytes)
    {
        try
        {
            using var _ = JsonDocument.Parse(bytes, new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
            });
        }
        catch (JsonException e)
        {
            throw Usage($"configuration {file}: {e.Message}");
        }
    }

    private static string Names(string[] files) => string.Join(", ", files);

    private static UserErrorException Usage(string message) => new(message, ExitCode.Usage);
}
