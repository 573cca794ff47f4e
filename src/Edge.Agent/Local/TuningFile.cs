using System.Text.Json;
using Edge.Gguf;
using Edge.Models;

namespace Edge.Agent;

/// <summary>The kernel sets that `edge kernels --tune` found to be the fastest: a small file in the state directory. It
/// only ever makes things faster, so whatever is wrong with it is said and otherwise ignored.</summary>
internal sealed class TuningFile(string path, Action<string> log)
{
    public const int EntriesMax = 64;
    private const string Format = "edge-kernel-tuning-1";
    private const int BytesMax = 64 << 10;

    /// <summary>This user's file; null where there is no state directory.</summary>
    public static TuningFile? Own { get; } = StateDirectory.Path is { } directory
        ? new TuningFile(System.IO.Path.Combine(directory, "kernels.json"), Console.Error.WriteLine)
        : null;

    public string Path => path;

    /// <summary>The set that was found for this model's type of weights on this CPU; null: none, or the model's file
    /// cannot be read, which loading it will say.</summary>
    public static string? SetFor(string modelPath)
    {
        if (Own is null || !File.Exists(Own.Path) || !File.Exists(modelPath)) return null;
        try
        {
            return Own.Find(CpuModel.Name, WeightType(GgufFile.Open(modelPath)))?.Kernels;
        }
        catch (Exception e) when (e is GgufException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The type that holds most of a file's weights.</summary>
    public static string WeightType(GgufFile file) =>
        file.Tensors.GroupBy(tensor => tensor.Type)
            .MaxBy(type => type.Sum(tensor => tensor.Bytes))?.Key.ToString() ?? "none";

    /// <summary>Null also when the entry's set cannot run here: another build of edge wrote it.</summary>
    public TuningEntry? Find(string cpu, string weights)
    {
        var entry = Read().LastOrDefault(e => e.Cpu == cpu && e.Weights == weights);
        if (entry is null || KernelSet.All.Any(set => set.Name == entry.Kernels && set.IsRunnable)) return entry;
        log($"warn: {path}: this binary cannot run kernel set '{entry.Kernels}' here; " +
            "it is ignored, 'edge kernels --tune' measures anew");
        return null;
    }

    /// <summary>The newest entries last; none when the file is absent or damaged.</summary>
    public IReadOnlyList<TuningEntry> Read()
    {
        try
        {
            if (!File.Exists(path)) return [];
            if (FileFacts.LengthOf(path) > BytesMax) return Ignore($"it is larger than {BytesMax} bytes");
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), KernelsJson.Default.TuningState);
            if (state is not { Format: Format, Entries: { } entries }) return Ignore($"it is not an {Format} file");
            return entries.Any(e => e is not { Cpu: not null, Weights: not null, Kernels: not null })
                ? Ignore("an entry lacks cpu, weights or kernels")
                : entries;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return Ignore(e.Message);
        }
    }

    /// <summary>Adds the entry in the place of an older one. Written beside and renamed: a reader, or a loss of power,
    /// meets the old file or the new one. Errors: IOException, UnauthorizedAccessException.</summary>
    public void Remember(TuningEntry entry)
    {
        var entries = Read().Where(e => (e.Cpu, e.Weights) != (entry.Cpu, entry.Weights)).Append(entry)
            .TakeLast(EntriesMax).ToArray();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        string beside = $"{path}.{Environment.ProcessId}.new";
        try
        {
            using (var file = File.Create(beside))
            {
                JsonSerializer.Serialize(file, new TuningState(Format, entries), KernelsJson.Default.TuningState);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    private TuningEntry[] Ignore(string why)
    {
        log($"warn: {path} is ignored: {why}; 'edge kernels --tune' writes a new one");
        return [];
    }
}

/// <summary>The whole file.</summary>
internal sealed record TuningState(string? Format, TuningEntry[]? Entries);

/// <summary>One result: times are those in the matrices, per token.</summary>
internal sealed record TuningEntry(
    string Cpu, string Weights, string Kernels, double DecodeNsPerToken, double PrefillNsPerToken, int Threads,
    string Model, DateTimeOffset Measured);
