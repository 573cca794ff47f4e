using System.Text;
using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>What a packed file says about itself, checked: the layout's version when the file is opened, every
/// tensor's label and bytes when it is bound.</summary>
/// <remarks>Keys: edge.pack.version (the header's), edge.pack.layout (the tiles'), edge.pack.source_type (what most
/// weights were), edge.pack.labels (a checksum per tensor over name, type, shape), edge.pack.digests (one per matrix
/// over its bytes: a stack of packed experts has one per expert, so that each can be checked alone).</remarks>
internal sealed class PackHeader
{
    public const string VersionKey = "edge.pack.version", LayoutKey = "edge.pack.layout",
        SourceTypeKey = "edge.pack.source_type",
        LabelsKey = "edge.pack.labels", DigestsKey = "edge.pack.digests";
    public const uint Version = 1;
    /// <summary>Changes with any change to a layout in src/Edge.Kernels that a packed file may have.</summary>
    public const string Layout = "digits-1";

    private readonly Dictionary<GgufTensor, int> _firstDigest = new(ReferenceEqualityComparer.Instance);
    private readonly ulong[] _digests;

    private PackHeader(GgufFile file, ulong[] digests)
    {
        _digests = digests;
        int next = 0;
        foreach (GgufTensor tensor in file.Tensors)
        {
            _firstDigest.Add(tensor, next);
            next += Matrices(tensor.Type, tensor.Shape);
        }
        if (next != digests.Length)
            throw new GgufException($"{DigestsKey} has {digests.Length} values for {next} matrices; " +
                "pack the model again", file.Metadata.OffsetOf(DigestsKey));
    }

    /// <summary>The header of a packed file; null for any other. Errors: GgufException for a version that this program
    /// does not read, packed tensors without a header, a tensor that is not what was packed.</summary>
    public static PackHeader? Find(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        if (metadata.FindInteger(VersionKey) is not { } version)
        {
            foreach (GgufTensor tensor in file.Tensors)
                if (QuantTypes.Of(tensor.Type).IsPacked)
                    throw new GgufException($"tensor '{tensor.Name}' is {tensor.Type} in a file without " +
                        $"{VersionKey}; pack the model with 'edge pack'", tensor.EntryOffset);
            return null;
        }
        string layout = metadata.GetString(LayoutKey);
        if (version != Version || layout != Layout)
            throw new GgufException($"the file is packed in version {version}, layout '{layout}'; this program " +
                $"reads version {Version}, layout '{Layout}': pack the model again with this program",
                metadata.OffsetOf(version != Version ? VersionKey : LayoutKey));
        ulong[] labels = Values(metadata, LabelsKey);
        if (labels.Length != file.Tensors.Count)
            throw new GgufException($"{LabelsKey} has {labels.Length} values for {file.Tensors.Count} tensors; " +
                "pack the model again", metadata.OffsetOf(LabelsKey));
        for (int i = 0; i < labels.Length; i++)
        {
            GgufTensor tensor = file.Tensors[i];
            if (labels[i] != Label(tensor.Name, tensor.Type, tensor.Shape))
                throw new GgufException($"tensor '{tensor.Name}' is labelled {tensor.Type}, " +
                    $"{string.Join(" × ", tensor.Shape)}, which is not what was packed; the file is damaged, " +
                    "pack the model again", tensor.EntryOffset);
        }
        return new PackHeader(file, Values(metadata, DigestsKey));
    }

    /// <summary>The type that most bytes of a source have.</summary>
    public static string SourceType(PackSource source) =>
        source.Tensors.GroupBy(tensor => tensor.Type.ToString())
            .MaxBy(group => group.Sum(tensor => tensor.Bytes))?.Key ?? "none";

    /// <summary>Refuses a tensor whose bytes are not those that were packed. Reads all of it;
    /// <paramref name="read"/> hears of (first, count) bytes that were.</summary>
    public unsafe void RequireIntact(GgufTensor tensor, byte* address, Action<long, long>? read = null)
    {
        int matrices = Matrices(tensor.Type, tensor.Shape);
        long bytes = tensor.Bytes / matrices;
        for (int i = 0; i < matrices; i++)
        {
            var sum = new Checksum();
            for (long at = 0; at < bytes; at += 1 << 24)
            {
                int count = (int)Math.Min(1 << 24, bytes - at);
                sum.Add(new ReadOnlySpan<byte>(address + i * bytes + at, count));
                read?.Invoke(i * bytes + at, count);
            }
            if (sum.Value != _digests[_firstDigest[tensor] + i])
            {
                string which = matrices > 1 ? $", matrix {i}," : "";
                throw new GgufException($"tensor '{tensor.Name}'{which} has other bytes than were packed; " +
                    "the file or the storage is damaged, copy it or pack the model again", tensor.Offset + i * bytes);
            }
        }
    }

    /// <summary>The checksum of one of <paramref name="count"/> matrices of a tensor of the file; null where there is
    /// only one for all of them.</summary>
    public ulong? Digest(GgufTensor tensor, int matrix, int count) =>
        Matrices(tensor.Type, tensor.Shape) == count ? _digests[_firstDigest[tensor] + matrix] : null;

    /// <summary>Runs of a tensor's bytes that have a digest each.</summary>
    public static int Matrices(QuantType type, IReadOnlyList<long> shape)
    {
        if (!QuantTypes.Of(type).IsPacked) return 1;
        long count = 1;
        for (int i = 2; i < shape.Count; i++) count *= shape[i];
        return checked((int)count);
    }

    public static ulong Label(string name, QuantType type, IReadOnlyList<long> shape)
    {
        var sum = new Checksum();
        sum.Add(Encoding.UTF8.GetBytes($"{name}|{(uint)type}|{string.Join('x', shape)}"));
        return sum.Value;
    }

    private static ulong[] Values(GgufMetadata metadata, string key) =>
        metadata.ArrayCount(key) is not null && metadata[key] is ulong[] values ? values
            : throw new GgufException($"metadata key '{key}' is missing or no array of UInt64; pack the model again",
                metadata.OffsetOf(key));
}
