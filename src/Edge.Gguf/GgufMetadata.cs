using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Gguf;

/// <summary>Key-value metadata. Get* throws GgufException when the key is missing or has another type; Find* returns
/// null when it is missing and throws when it has another type. Values are decoded at each call: keep large
/// ones.</summary>
public sealed class GgufMetadata
{
    private readonly byte[] _header;
    private readonly Dictionary<string, MetadataEntry> _entries;
    private readonly List<string> _keys;

    internal GgufMetadata(byte[] header, Dictionary<string, MetadataEntry> entries, List<string> keys)
    {
        _header = header;
        _entries = entries;
        _keys = keys;
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>For display: string, bool, long, ulong, double or an array of one of them.
    /// Errors: GgufException for a missing key.</summary>
    public object this[string key]
    {
        get
        {
            MetadataEntry entry = Required(key);
            return entry.Type switch
            {
                GgufValueType.Array => Elements(key, entry),
                GgufValueType.String => Text(entry),
                GgufValueType.Bool => _header[entry.ValueOffset] != 0,
                GgufValueType.UInt64 => Unsigned(entry, 0),
                _ when ValueTypes.IsReal(entry.Type) => Real(entry, 0),
                _ => Integer(key, entry, 0),
            };
        }
    }

    /// <summary>The value's type as the file has it ("UInt32", "array of String"), or null when the key is
    /// missing.</summary>
    public string? TypeNameOf(string key) => _entries.TryGetValue(key, out MetadataEntry entry) ? entry.TypeName : null;

    /// <summary>Elements of an array value, without decoding it; null when the key is missing or no array.</summary>
    public int? ArrayCount(string key) =>
        _entries.TryGetValue(key, out MetadataEntry entry) && entry.Type == GgufValueType.Array ? entry.Count : null;

    /// <summary>Type and bytes of a value as they stand in the file, for a copy of it. Errors: GgufException for a
    /// missing key.</summary>
    internal (GgufValueType Type, ReadOnlyMemory<byte> Value) Raw(string key)
    {
        MetadataEntry entry = Required(key);
        // Behind the key's length, the key and the type.
        int start = entry.EntryOffset + sizeof(ulong) + Encoding.UTF8.GetByteCount(key) + sizeof(uint);
        int end = entry.ValueOffset;
        if (entry.Type == GgufValueType.String) end += entry.Count;
        else if (entry.ElementType != GgufValueType.String) end += entry.Count * ValueTypes.Bytes(entry.ElementType);
        else
            for (int i = 0; i < entry.Count; i++)
                end += sizeof(ulong) + (int)BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(end));
        return (entry.Type, _header.AsMemory(start, end - start));
    }

    /// <summary>Bytes that a key with its value takes in a file.</summary>
    public long EntryBytes(string key) =>
        sizeof(ulong) + Encoding.UTF8.GetByteCount(key) + sizeof(uint) + Raw(key).Value.Length;

    public string GetString(string key) => FindString(key) ?? throw Missing(key);

    public string? FindString(string key) =>
        Find(key, "a string", entry => entry.Type == GgufValueType.String) is { } entry ? Text(entry) : null;

    /// <summary>Errors: GgufException when missing, no integer, or above Int64.</summary>
    public long GetInteger(string key) => FindInteger(key) ?? throw Missing(key);

    public long? FindInteger(string key) =>
        Find(key, "an integer", entry => ValueTypes.IsInteger(entry.Type)) is { } entry ? Integer(key, entry, 0) : null;

    public double GetReal(string key) => FindReal(key) ?? throw Missing(key);

    public double? FindReal(string key) =>
        Find(key, "a float", entry => ValueTypes.IsReal(entry.Type)) is { } entry ? Real(entry, 0) : null;

    public bool? FindBool(string key) =>
        Find(key, "a bool", entry => entry.Type == GgufValueType.Bool) is { } entry
            ? _header[entry.ValueOffset] != 0 : null;

    public IReadOnlyList<string>? FindStrings(string key) =>
        FindArray(key, "strings", type => type == GgufValueType.String) is { } entry ? Texts(entry) : null;

    public IReadOnlyList<long>? FindIntegers(string key) =>
        FindArray(key, "integers", ValueTypes.IsInteger) is { } entry ? Integers(key, entry) : null;

    public IReadOnlyList<bool>? FindBools(string key) =>
        FindArray(key, "bools", type => type == GgufValueType.Bool) is { } entry ? (bool[])Elements(key, entry) : null;

    public IReadOnlyList<double>? FindReals(string key) =>
        FindArray(key, "floats", ValueTypes.IsReal) is { } entry ? Reals(entry) : null;

    /// <summary>Byte offset of the key's entry (0 when missing), for error messages of rooms that find a value
    /// wrong.</summary>
    public long OffsetOf(string key) => _entries.TryGetValue(key, out MetadataEntry entry) ? entry.EntryOffset : 0;

    private static GgufException Missing(string key) =>
        new($"metadata key {Printable.Quote(key)} is missing; the model needs it, " +
            "convert or download the file again", 0);

    private MetadataEntry Required(string key) =>
        _entries.TryGetValue(key, out MetadataEntry entry) ? entry : throw Missing(key);

    private MetadataEntry? Find(string key, string expected, Predicate<MetadataEntry> fits)
    {
        if (!_entries.TryGetValue(key, out MetadataEntry entry)) return null;
        if (fits(entry)) return entry;
        throw new GgufException($"metadata key {Printable.Quote(key)} should be {expected} and is {entry.TypeName}; " +
            "convert or download the file again", entry.EntryOffset);
    }

    private MetadataEntry? FindArray(string key, string expected, Predicate<GgufValueType> fits) =>
        Find(key, $"an array of {expected}", entry => entry.Type == GgufValueType.Array && fits(entry.ElementType));

    private object Elements(string key, MetadataEntry entry) => entry.ElementType switch
    {
        GgufValueType.String => Texts(entry),
        GgufValueType.Bool => Array.ConvertAll(Bytes(entry).ToArray(), b => b != 0),
        GgufValueType.UInt64 => MemoryMarshal.Cast<byte, ulong>(Bytes(entry)).ToArray(),
        _ when ValueTypes.IsReal(entry.ElementType) => Reals(entry),
        _ => Integers(key, entry),
    };

    private ReadOnlySpan<byte> Bytes(MetadataEntry entry) =>
        _header.AsSpan(entry.ValueOffset, entry.Count * ValueTypes.Bytes(entry.ElementType));

    private string Text(MetadataEntry entry) => Encoding.UTF8.GetString(_header, entry.ValueOffset, entry.Count);

    private string[] Texts(MetadataEntry entry)
    {
        var texts = new string[entry.Count];
        int at = entry.ValueOffset;
        for (int i = 0; i < texts.Length; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_header.AsSpan(at));
            texts[i] = Encoding.UTF8.GetString(_header, at + sizeof(ulong), length);
            at += sizeof(ulong) + length;
        }
        return texts;
    }

    private long[] Integers(string key, MetadataEntry entry)
    {
        var values = new long[entry.Count];
        for (int i = 0; i < values.Length; i++) values[i] = Integer(key, entry, i);
        return values;
    }

    private double[] Reals(MetadataEntry entry)
    {
        var values = new double[entry.Count];
        for (int i = 0; i < values.Length; i++) values[i] = Real(entry, i);
        return values;
    }

    private ReadOnlySpan<byte> At(MetadataEntry entry, int index) =>
        _header.AsSpan(entry.ValueOffset + index * ValueTypes.Bytes(entry.ElementType));

    private ulong Unsigned(MetadataEntry entry, int index) =>
        BinaryPrimitives.ReadUInt64LittleEndian(At(entry, index));

    private long Integer(string key, MetadataEntry entry, int index)
    {
        ReadOnlySpan<byte> at = At(entry, index);
        return entry.ElementType switch
        {
            GgufValueType.UInt8 => at[0],
            GgufValueType.Int8 => (sbyte)at[0],
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
            GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
            _ when Unsigned(entry, index) is var value and <= long.MaxValue => (long)value,
            _ => throw new GgufException($"metadata key {Printable.Quote(key)} has the value " +
                $"{Unsigned(entry, index)}, above the limit {long.MaxValue}; the file is damaged, " +
                "download it again", entry.EntryOffset),
        };
    }

    private double Real(MetadataEntry entry, int index) => entry.ElementType == GgufValueType.Float32
        ? BinaryPrimitives.ReadSingleLittleEndian(At(entry, index))
        : BinaryPrimitives.ReadDoubleLittleEndian(At(entry, index));
}
