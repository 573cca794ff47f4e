using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack.Hub;

/// <summary>The safetensors files of a model folder: one, or the shards that an index names.</summary>
internal sealed class HubFiles : IDisposable
{
    private const int ShardsMax = 1024, IndexBytesMax = 64 << 20;
    private const string Whole = "model.safetensors", Index = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Checksum[] _identity = new Checksum[1];

    /// <summary>Errors: ModelFolderException; IOException from the system.</summary>
    public HubFiles(string folder)
    {
        try
        {
            foreach (string name in Names(folder)) Open(folder, name);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>By name.</summary>
    public SortedDictionary<string, SafetensorsEntry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Changes with any file's name, length or time.</summary>
    public ulong Identity => _identity[0].Value;

    public void Dispose()
    {
        foreach (SafetensorsFile file in _files) file.Dispose();
    }

    private static SortedSet<string> Names(string folder)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        using HubJson? index = HubJson.Find(folder, Index, IndexBytesMax);
        if (index is null)
        {
            if (!File.Exists(Path.Combine(folder, Whole)))
                throw new ModelFolderException(Whole, "byte 0", $"is missing in {folder}, and so is {Index}; " +
                    "download the whole model (pickled .bin files are not read)");
            names.Add(Whole);
            return names;
        }
        HubJson map = index.FindObject("weight_map") ?? throw index.Wrong("weight_map", "is missing");
        foreach (JsonProperty member in map.Members)
        {
            string tensor = map.NameOf(member, "weight_map"), name = map.Text(tensor, member.Value);
            // A shard lies in the folder, whatever its index says.
            if (Path.GetFileName(name) != name || !name.EndsWith(".safetensors", StringComparison.Ordinal))
                throw index.Wrong(tensor, $"names {Printable.Quote(name)}, which is no shard of this folder");
            if (!File.Exists(Path.Combine(folder, name)))
                throw index.Wrong(tensor, $"names {Printable.Quote(name)}, which is missing; download it");
            names.Add(name);
            if (names.Count > ShardsMax) throw index.Wrong("weight_map", $"names more than {ShardsMax} shards");
        }
        return names;
    }

    private void Open(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (SafetensorsEntry entry in file.Entries)
            if (!Entries.TryAdd(entry.Name, entry)) throw entry.Wrong("stands in two shards; download the model again");
        _identity[0].Add(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{name} {file.FileBytes} {File.GetLastWriteTimeUtc(path).Ticks};")));
    }
}
