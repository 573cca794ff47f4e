namespace Edge.Gguf;

/// <summary>Walks version, counts and metadata entries; every length is bounded before it is used.</summary>
internal sealed class HeaderReader(HeaderCursor cursor)
{
    /// <summary>Least bytes of a metadata entry: key length, key of one byte, type, value of one byte.</summary>
    private const int KeyValueBytesMin = 8 + 1 + 4 + 1;
    /// <summary>Least bytes of a tensor's entry: name length, name, dimension count, a dimension, type,
    /// offset.</summary>
    private const int TensorEntryBytesMin = 8 + 1 + 4 + 8 + 4 + 8;

    public int Version { get; private set; }
    public int TensorCount { get; private set; }
    private int KeyValueCount { get; set; }

    /// <summary>Magic, version and the two counts.</summary>
    public void ReadCounts()
    {
        FileKind.RequireGguf(cursor);
        Version = ReadVersion();
        TensorCount = ReadCount("tensor_count", GgufLimits.TensorCountMax, TensorEntryBytesMin);
        KeyValueCount = ReadCount("metadata_kv_count", GgufLimits.KeyValueCountMax, KeyValueBytesMin);
    }

    public GgufMetadata ReadMetadata()
    {
        var entries = new Dictionary<string, MetadataEntry>();
        var keys = new List<string>();
        for (int i = 0; i < KeyValueCount; i++)
        {
            int start = cursor.Position;
            string key = cursor.ReadName($"the key of metadata entry {i}", GgufLimits.KeyBytesMax);
            MetadataEntry entry = ReadValue(key, start);
            if (!entries.TryAdd(key, entry))
                throw new GgufException($"metadata key {Printable.Quote(key)} stands twice (first at byte " +
                    $"{entries[key].EntryOffset}); the file is damaged, download it again", start);
            keys.Add(key);
        }
        return new GgufMetadata(cursor.Copy(cursor.Position), entries, keys);
    }

    private int ReadVersion()
    {
        int start = cursor.Position;
        uint version = cursor.TakeUInt32("the version");
        if (version is >= GgufLimits.VersionMin and <= GgufLimits.VersionMax) return (int)version;
        if (version == 1)
            throw new GgufException("version 1 of the format (summer 2023) is not read; versions 2 and 3 are. " +
                "Take a newer download of the model or convert it again", start);
        if (version != 0 && (version & 0xFFFF) == 0)
            throw new GgufException("this is a big-endian file; this version reads little-endian ones. " +
                "Take the ordinary download of the model, or convert it with gguf_convert_endian.py", start);
        throw new GgufException(version is > GgufLimits.VersionMax and < 1000
            ? $"version {version} is newer than this program, which reads versions 2 and 3; update edge"
            : $"version {version} does not exist; the file is damaged, download it again", start);
    }

    private int ReadCount(string what, int max, int entryBytesMin)
    {
        int start = cursor.Position;
        ulong count = cursor.TakeUInt64(what);
        if (count > (ulong)max)
            throw new GgufException($"{what} {count} exceeds {max}; the file is damaged, download it again", start);
        if ((long)count * entryBytesMin > cursor.FileBytes)
            throw new GgufException($"truncated: {what} {count} needs at least {(long)count * entryBytesMin} bytes, " +
                $"the file has {cursor.FileBytes}; download it again", start);
        return (int)count;
    }

    private MetadataEntry ReadValue(string key, int entryOffset)
    {
        string what = $"metadata key {Printable.Quote(key)}";
        GgufValueType type = ReadType(what, entryOffset);
        if (type == GgufValueType.String) return ReadString(what, entryOffset);
        if (type == GgufValueType.Array) return ReadArray(what, entryOffset);
        int value = cursor.Position;
        ReadOnlySpan<byte> bytes = cursor.Take(ValueTypes.Bytes(type), what);
        if (type == GgufValueType.Bool) RequireBools(bytes, what, value);
        return new MetadataEntry(entryOffset, value, type, type, 1);
    }

    private GgufValueType ReadType(string what, int entryOffset)
    {
        var type = (GgufValueType)cursor.TakeUInt32($"the type of {what}");
        return ValueTypes.Bytes(type) >= 0 ? type : throw new GgufException(
            $"{what} has value type {(uint)type}, known are 0 to 12; the file is damaged, " +
            "download it again", entryOffset);
    }

    private MetadataEntry ReadString(string what, int entryOffset)
    {
        const GgufValueType type = GgufValueType.String;
        int length = SkipString(what);
        return new MetadataEntry(entryOffset, cursor.Position - length, type, type, length);
    }

    private MetadataEntry ReadArray(string what, int entryOffset)
    {
        GgufValueType element = ReadType(what, entryOffset);
        if (element == GgufValueType.Array)
            throw new GgufException($"{what} is an array of arrays, which no model uses and this program does not " +
                "read; take another file of the model", entryOffset);
        int start = cursor.Position;
        ulong count = cursor.TakeUInt64($"the count of {what}");
        if (count > GgufLimits.ArrayCountMax)
            throw new GgufException($"{what} claims {count} elements, the limit is {GgufLimits.ArrayCountMax}; " +
                "the file is damaged, download it again", start);
        int value = cursor.Position, bytesEach = ValueTypes.Bytes(element);
        if (element == GgufValueType.String)
        {
            cursor.Require((long)count * sizeof(ulong), what);
            for (int i = 0; i < (int)count; i++) SkipString(what);
        }
        else
        {
            cursor.Require((long)count * bytesEach, what);
            ReadOnlySpan<byte> bytes = cursor.Take((int)count * bytesEach, what);
            if (element == GgufValueType.Bool) RequireBools(bytes, what, value);
        }
        return new MetadataEntry(entryOffset, value, GgufValueType.Array, element, (int)count);
    }

    /// <summary>Returns the string's bytes; the position is behind them.</summary>
    private int SkipString(string what)
    {
        int start = cursor.Position;
        ulong length = cursor.TakeUInt64(what);
        if (length > GgufLimits.StringBytesMax)
            throw new GgufException($"a string of {what} claims {length} bytes, the limit is " +
                $"{GgufLimits.StringBytesMax}; the file is damaged, download it again", start);
        cursor.Take((int)length, what);
        return (int)length;
    }

    private static void RequireBools(ReadOnlySpan<byte> bytes, string what, int offset)
    {
        int wrong = bytes.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (wrong >= 0)
            throw new GgufException($"{what} holds the byte {bytes[wrong]} where a bool is 0 or 1; " +
                "the file is damaged, download it again", offset + wrong);
    }
}
