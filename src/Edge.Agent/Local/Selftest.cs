using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Agent.Config;
using Edge.Agent.Service;
using Edge.Engine;
using Edge.Text;

namespace Edge.Agent;

/// <summary>The checks of `edge selftest`, each a line of its report.</summary>
internal static class Selftest
{
    /// <summary>Below this share of the previous release's speed something is wrong with the new one.</summary>
    private const double SpeedShareMin = 0.7;
    private const int PromptTokens = 32, GeneratedTokens = 16, SpeedRuns = 3;

    /// <param name="state">Folder of the remembered speed; null: none is kept or asked.</param>
    /// <remarks>Errors: UserErrorException for the first check that does not hold.</remarks>
    public static IEnumerable<string> Run(AgentConfig config, string? state)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(config.Model))!;
        if (CheckManifest(folder) is { } files) yield return files;
        using var loaded = LoadedModel.Open(
            config.Model, config.Inference.ToModelOptions(), template: TemplateSource.Read(config.Inference.Template));
        if (CheckGolden(Path.Combine(folder, "golden.json"), loaded) is { } golden) yield return golden;
        yield return CheckSpeed(loaded, state);
    }

    /// <summary>MANIFEST.sha256 as sha256sum writes it: of every file of a model's package.</summary>
    private static string? CheckManifest(string folder)
    {
        string manifest = Path.Combine(folder, "MANIFEST.sha256");
        if (!File.Exists(manifest)) return null;
        int count = 0;
        foreach (string line in File.ReadLines(manifest))
        {
            string[] parts = line.Split("  ", 2);
            if (parts.Length != 2 || parts[0].Length != 64)
                throw new UserErrorException($"{manifest}: '{line}' is not a line of sha256sum");
            string path = Path.Combine(folder, Path.GetFileName(parts[1]));
            using var stream = File.OpenRead(path);
            if (!Convert.ToHexStringLower(SHA256.HashData(stream)).Equals(parts[0], StringComparison.Ordinal))
                throw new UserErrorException($"{path} has not the checksum that its package states; reinstall it");
            count++;
        }
        return $"files: {count} as packaged";
    }

    /// <summary>A prompt and the checksum of its greedy reply, beside the model.</summary>
    private static string? CheckGolden(string path, LoadedModel loaded)
    {
        if (!File.Exists(path)) return null;
        string prompt, expected;
        int maxTokens;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            prompt = json.RootElement.GetProperty("prompt").GetString()!;
            maxTokens = json.RootElement.GetProperty("max_tokens").GetInt32();
            expected = json.RootElement.GetProperty("reply_sha256").GetString()!;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new UserErrorException($"{path}: {e.Message}");
        }
        using var generator = new LocalGenerator(loaded);
        var result = generator.Run([new ChatMessage("user", prompt)], new SamplingOptions(), maxTokens, null);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(result.Text)));
        return hash == expected
            ? "golden prompt: the reply is the expected one"
            : throw new UserErrorException($"golden prompt: the reply's checksum is {hash}, {path} expects {expected}");
    }

    private static string CheckSpeed(LoadedModel loaded, string? state)
    {
        double[] runs = Array.ConvertAll(new double[SpeedRuns],
            _ => SpeedTest.Run(loaded.Model, PromptTokens, GeneratedTokens).DecodeTokensPerSecond);
        double best = runs.Max();
        string line = FormattableString.Invariant($"speed: {best:F1} tokens/s");
        if (state is null) return line;
        string path = Path.Combine(state, "speed");
        // A line "version tokens/s" of the release that was healthy last, and of this one.
        var known = File.Exists(path)
            ? File.ReadLines(path).Select(l => l.Split(' ')).Where(p => p.Length == 2).ToList()
            : [];
        string[]? previous = known.LastOrDefault(p => p[0] != NodeCard.Version);
        if (previous is not null && double.TryParse(previous[1], CultureInfo.InvariantCulture, out double before))
        {
            if (best < SpeedShareMin * before)
                throw new UserErrorException(FormattableString.Invariant(
                    $"speed: {best:F1} tokens/s, version {previous[0]} reached {before:F1} here"));
            line += FormattableString.Invariant($", {best / before:F2} of version {previous[0]}");
        }
        string[] lines =
        [
            .. previous is null ? (string[])[] : [string.Join(' ', previous)],
            string.Create(CultureInfo.InvariantCulture, $"{NodeCard.Version} {best:F1}"),
        ];
        Directory.CreateDirectory(state);
        File.WriteAllLines(path + ".new", lines);
        File.Move(path + ".new", path, overwrite: true);
        return line;
    }
}
