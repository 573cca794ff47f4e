using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Edge.Gguf;

/// <summary>A parsed safetensors header: an 8-byte length, a JSON object of tensors, then their bytes. Everything in it
/// is checked against the file's length before it is used.</summary>
/// <remarks>Errors: ModelFolderException for a bad file; IOException, UnauthorizedAccessException from the
/// system.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    public const int HeaderBytesMax = 100_000_000, TensorsMax = 1 << 20, DimensionsMax = 8, NameMax = 512;

    private readonly SafeFileHandle _handle;
    private readonly List<SafetensorsEntry> _entries = [];

    private SafetensorsFile(string path, SafeFileHandle handle) => (Path, _handle) = (path, handle);

    public string Path { get; }
    public long FileBytes { get; private set; }
    /// <summary>In the order of the header.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    public static SafetensorsFile Open(string path)
    {
        var file = new SafetensorsFile(path, System.IO.File.OpenHandle(path));
        try
        {
            file.Read();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a tensor from <paramref name="at"/> on.</summary>
    public void Read(SafetensorsEntry entry, long at, Span<byte> into)
    {
        if (at < 0 || at + into.Length > entry.Bytes)
            throw new ArgumentOutOfRangeException(nameof(at), at, "beyond the tensor: a bug");
        long position = entry.Offset + at;
        while (!into.IsEmpty)
        {
            int count = RandomAccess.Read(_handle, into, position);
            if (count == 0) throw Wrong(position, "the file has become shorter; wait until its download has ended");
            into = into[count..];
            position += count;
        }
    }

    public void Dispose() => _handle.Dispose();

    private ModelFolderException Wrong(long at, string what) =>
        new(System.IO.Path.GetFileName(Path), $"byte {at}", what);

    private void Read()
    {
        FileBytes = RandomAccess.GetLength(_handle);
        Span<byte> prefix = stackalloc byte[8];
        if (FileBytes < 8 || RandomAccess.Read(_handle, prefix, 0) != 8)
            throw Wrong(0, $"{FileBytes} bytes are no safetensors file; download it again");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length < 2 || length > (ulong)Math.Min(HeaderBytesMax, FileBytes - 8))
            throw Wrong(0, $"the header claims {length} bytes, the file has {FileBytes} and a header at most " +
                $"{HeaderBytesMax}; download it again");
        byte[] header = new byte[length];
        for (int at = 0; at < header.Length;)
        {
            int count = RandomAccess.Read(_handle, header.AsSpan(at), 8 + at);
            if (count == 0) throw Wrong(8 + at, "the file ends in its header; download it again");
            at += count;
        }
        try
        {
            ReadHeader(header);
        }
        catch (JsonException e)
        {
            throw Wrong(8 + (e.BytePositionInLine ?? 0), "the header is no JSON; download it again");
        }
        catch (InvalidOperationException)
        {
            throw Wrong(8, "the header has text that is no UTF-8; download it again");
        }
        RequireDisjoint();
    }

    private void ReadHeader(byte[] header)
    {
        var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw Wrong(8, "the header is no object; download it again");
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            long place = 8 + json.TokenStartIndex;
            if (json.ValueSpan.Length > NameMax)
                throw Wrong(place, $"a name of {json.ValueSpan.Length} bytes, {NameMax} are possible");
            string name = json.GetString()!;
            if (!names.Add(name))
                throw Wrong(place, $"{Printable.Quote(name)} stands twice; the file is damaged, download it again");
            json.Read();
            if (name == "__metadata__") json.Skip();
            else _entries.Add(ReadEntry(ref json, name, place, 8 + header.Length));
            if (_entries.Count > TensorsMax) throw Wrong(place, $"more than {TensorsMax} tensors");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader json, string name, long place, long dataStart)
    {
        string what = $"tensor {Printable.Quote(name)}";
        if (json.TokenType != JsonTokenType.StartObject) throw Wrong(place, $"{what} is no object");
        string? type = null;
        long[]? shape = null, offsets = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("dtype"u8))
            {
                json.Read();
                type = json.TokenType == JsonTokenType.String && json.ValueSpan.Length < 16 ? json.GetString() : null;
                if (type is null) throw Wrong(place, $"{what} has a dtype that is no name");
            }
            else if (json.ValueTextEquals("shape"u8)) shape = ReadNumbers(ref json, what, place);
            else if (json.ValueTextEquals("data_offsets"u8)) offsets = ReadNumbers(ref json, what, place);
            else json.Skip();
        }
        if (type is null || shape is null || offsets is not [var begin, var end])
            throw Wrong(place, $"{what} lacks dtype, shape or two data_offsets; download the file again");
        long elements = 1;
        foreach (long n in shape)
        {
            if (n <= 0 || n > GgufLimits.ElementsMax / elements)
                throw Wrong(place, $"{what} has a dimension of {n}; 1 to {GgufLimits.ElementsMax} elements " +
                    "are possible");
            elements *= n;
        }
        if (begin > end || end > FileBytes - dataStart)
            throw Wrong(place, $"{what} claims bytes {begin} to {end} of the data, which have " +
                $"{FileBytes - dataStart}; download the file again");
        int bits = Bits(type) ?? throw Wrong(place, $"{what} has dtype {Printable.Quote(type)}, which is not known");
        if (elements > (end - begin) * 8 / bits || elements * bits != (end - begin) * 8)
            throw Wrong(place, $"{what} has {elements} values of {type} in {end - begin} bytes; " +
                "download the file again");
        return new SafetensorsEntry(this, name, type, shape, dataStart + begin, end - begin, place);
    }

    private long[] ReadNumbers(ref Utf8JsonReader json, string what, long place)
    {
        Span<long> numbers = stackalloc long[DimensionsMax];
        int count = 0;
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw Wrong(place, $"{what} has a shape or offsets that are no array");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (count == DimensionsMax || json.TokenType != JsonTokenType.Number
                || !json.TryGetInt64(out long number) || number < 0)
                throw Wrong(place, $"{what} has a shape or offsets that are not up to {DimensionsMax} whole numbers");
            numbers[count++] = number;
        }
        return numbers[..count].ToArray();
    }

    private static int? Bits(string type) => type switch
    {
        "F64" or "I64" or "U64" => 64,
        "F32" or "I32" or "U32" => 32,
        "F16" or "BF16" or "I16" or "U16" => 16,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => 8,
        _ => null,
    };

    private void RequireDisjoint()
    {
        SafetensorsEntry? before = null;
        foreach (SafetensorsEntry entry in _entries.OrderBy(entry => entry.Offset))
        {
            if (before is not null && before.Offset + before.Bytes > entry.Offset)
                throw Wrong(entry.Place, $"tensors {Printable.Quote(before.Name)} and {Printable.Quote(entry.Name)} " +
                    "overlap in the data; download the file again");
            before = entry;
        }
    }
}
