using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Edge.Agent.Config;

/// <summary>One JSON file and the command line on top of it, bound to one record.</summary>
internal static class ConfigFile
{
    private const int BytesMax = 1024 * 1024;

    /// <summary>Errors: UserErrorException (usage) naming the file and the key that is wrong.</summary>
    public static AgentConfig Read(string? path, IReadOnlyDictionary<string, string?> overrides)
    {
        var builder = new ConfigurationBuilder();
        if (path is not null)
        {
            if (!File.Exists(path)) throw Usage($"configuration {path} does not exist");
            if (new FileInfo(path).Length > BytesMax)
                throw Usage($"configuration {path} is larger than {BytesMax} bytes");
            // Read once, not watched: a change takes a restart, and an idle agent should do nothing.
            builder.AddJsonStream(new MemoryStream(File.ReadAllBytes(path)));
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
            throw Usage($"configuration {path}: {e.InnerException?.Message ?? e.Message}");
        }
        return config.Problem() is { } problem
            ? throw Usage(path is null ? problem : $"configuration {path}: {problem}")
            : config;
    }

    private static UserErrorException Usage(string message) => new(message, ExitCode.Usage);
}
