using System.Globalization;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Entries that are not packed, so that packing can say so.</summary>
internal sealed class HubLeftOut
{
    private readonly SortedDictionary<string, (int Count, long Bytes)> _parts = new(StringComparer.Ordinal);
    private (int Count, long Bytes) _draft;

    public IReadOnlyList<string> Sentences
    {
        get
        {
            var sentences = new List<string>();
            foreach ((string part, (int count, long bytes)) in _parts)
                sentences.Add($"left out: {count} tensors of {part} ({Size(bytes)}), which are no part of the " +
                    "text model; it reads no pictures");
            if (_draft.Count > 0)
                sentences.Add($"left out: {_draft.Count} tensors ({Size(_draft.Bytes)}) of layers that predict " +
                    "further tokens; replies do not depend on them");
            return sentences;
        }
    }

    public void AddPart(SafetensorsEntry entry)
    {
        string[] names = entry.Name.Split('.', 3);
        string part = Printable.Quote(names[0] == "model" && names.Length > 1 ? names[1] : names[0]);
        if (_parts.Count >= 16 && !_parts.ContainsKey(part)) part = "other parts";
        (int count, long bytes) = _parts.GetValueOrDefault(part);
        _parts[part] = (count + 1, bytes + entry.Bytes);
    }

    public void AddDraftLayer(SafetensorsEntry entry) => _draft = (_draft.Count + 1, _draft.Bytes + entry.Bytes);

    private static string Size(long bytes) =>
        bytes < 1 << 20 ? $"{bytes} bytes" : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F0} MB");
}
