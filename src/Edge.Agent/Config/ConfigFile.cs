using System.Text.Json;
using Edge.Gguf;
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
            if (FileFacts.LengthOf(file) > BytesMax)
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
            throw Usage($"configuration {Names(files)}: {Explain(e)}");
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
            using var _ = JsonDocument.Parse(InputFile.JsonOf(bytes), new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
            });
        }
        catch (JsonException e)
        {
            throw Usage($"configuration {file} is no JSON: {Sentence.Of(e)}");
        }
    }

    /// <summary>The binder's words with our names: the key that is wrong, and no type of the program.</summary>
    private static string Explain(Exception e)
    {
        const string Unknown = "'ErrorOnUnknownConfiguration'", Namespace = "Edge.Agent.Config.", At = " at '";
        string message = e.Message;
        if (message.StartsWith(Unknown, StringComparison.Ordinal)
            && message.LastIndexOf(Namespace, StringComparison.Ordinal) is > 0 and var type)
        {
            string rest = message[(type + Namespace.Length)..].Replace("AgentConfig", "the configuration",
                StringComparison.Ordinal).Replace("Config: ", ": ", StringComparison.Ordinal);
            string[] parts = rest.Split(": ", 2);
            return $"{parts[^1]} is no key of {Camel(parts[0])}; README.md and docs name the keys";
        }
        int at = message.IndexOf(At, StringComparison.Ordinal);
        int end = at < 0 ? -1 : message.IndexOf('\'', at + At.Length);
        string inner = e.InnerException?.Message ?? message;
        return end < 0 ? inner
            : $"{string.Join('.', message[(at + At.Length)..end].Split(':').Select(Camel))}: {inner}";
    }

    private static string Camel(string name) => name[..1].ToLowerInvariant() + name[1..];

    private static string Names(string[] files) => string.Join(", ", files);

    private static UserErrorException Usage(string message) => new(message, ExitCode.Usage);
}
