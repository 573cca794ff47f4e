using System.Numerics;

namespace Edge.Gguf;

/// <summary>A parsed header: metadata and tensor table; the data stays in the file.</summary>
public sealed class GgufFile
{
    private const string AlignmentKey = "general.alignment";
    private readonly IReadOnlyDictionary<string, GgufTensor> _byName;
    private readonly long _tableOffset;

    private GgufFile(string path, HeaderReader header, GgufMetadata metadata, TensorTable table, long tableOffset)
    {
        Path = path;
        Version = header.Version;
        Metadata = metadata;
        Tensors = table.Tensors;
        _byName = table.ByName;
        _tableOffset = tableOffset;
    }

    public string Path { get; }
    public int Version { get; }
    /// <summary>Length of the file and time of its last change when the header was read: whoever opens the data
    /// compares both, because a file may be replaced or cut in between.</summary>
    public long FileBytes { get; private init; }
    public DateTime LastWriteUtc { get; private init; }
    /// <summary>Alignment of tensor data in the file, in bytes.</summary>
    public int Alignment { get; private init; }
    public GgufMetadata Metadata { get; }
    /// <summary>In the order of the header.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Reads the header and checks everything in it against the file's length; types that have no kernels
    /// yet are accepted here (<see cref="RequireRunnable"/> refuses them), so that any file can be inspected.</summary>
    /// <remarks>Errors: FileNotFoundException; GgufException for a bad file; IOException, UnauthorizedAccessException
    /// from the system.</remarks>
    public static GgufFile Open(string path)
    {
        GgufFile file = OpenAny(path);
        SplitFile.Refuse(path, file.Metadata);
        return file;
    }

    /// <summary>The parts of a model that is split over several files, of which <paramref name="path"/> is one; that
    /// file alone where it is whole. Errors: as <see cref="Open"/>, and for parts that do not fit together.</summary>
    public static IReadOnlyList<GgufFile> OpenParts(string path) => SplitFile.PartsOf(path, OpenAny);

    /// <summary>A key that tells of parts, not of the model.</summary>
    public static bool IsKeyOfParts(string key) => SplitFile.IsKeyOfParts(key);

    private static GgufFile OpenAny(string path)
    {
        if (Directory.Exists(path))
            throw new FileNotFoundException($"'{path}' is a folder; give the path of a .gguf file in it", path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no model file '{path}'; check the path", path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        if (!stream.CanSeek) throw new GgufException("not a regular file (a pipe or a device); copy it first", 0);
        var cursor = new HeaderCursor(stream, stream.Length);
        var header = new HeaderReader(cursor);
        header.ReadCounts();
        GgufMetadata metadata = header.ReadMetadata();
        int alignment = ReadAlignment(metadata);
        long tableOffset = cursor.Position;
        var table = new TensorTable(cursor, alignment);
        table.Read(header.TensorCount);
        return new GgufFile(path, header, metadata, table, tableOffset)
        {
            FileBytes = cursor.FileBytes,
            LastWriteUtc = File.GetLastWriteTimeUtc(stream.SafeFileHandle),
            Alignment = alignment,
        };
    }

    /// <summary>Throws GgufException naming the missing tensor.</summary>
    public GgufTensor Get(string name) => Find(name) ?? throw new GgufException(
        $"tensor {Printable.Quote(name)} is missing among the {Tensors.Count} of the file; the model needs it, " +
        "convert or download the file again", _tableOffset);

    public GgufTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Throws GgufException naming the first tensor whose type has no kernels in this version.</summary>
    public void RequireRunnable()
    {
        foreach (GgufTensor tensor in Tensors)
            if (QuantTypes.Of(tensor.Type) is { Runs: false } row)
                throw new GgufException($"tensor {Printable.Quote(tensor.Name)} has type {row.Name}, which this " +
                    $"version does not run; {row.TakeInstead}", tensor.EntryOffset);
    }

    private static int ReadAlignment(GgufMetadata metadata)
    {
        long alignment = metadata.FindInteger(AlignmentKey) ?? GgufLimits.AlignmentDefault;
        if (alignment is >= GgufLimits.AlignmentMin and <= GgufLimits.AlignmentMax && BitOperations.IsPow2(alignment))
            return (int)alignment;
        throw new GgufException($"{AlignmentKey} is {alignment}, allowed are powers of two from " +
            $"{GgufLimits.AlignmentMin} to {GgufLimits.AlignmentMax}; the file is damaged, download it again",
            metadata.OffsetOf(AlignmentKey));
    }
}
