namespace Edge.Gguf;

// Signatures agreed between rooms; the owner replaces this file by real ones, one type per file.

/// <summary>A file that cannot be read as GGUF; the message names the byte offset and what is wrong.</summary>
public sealed class GgufException(string what, long byteOffset) : Exception($"GGUF at byte {byteOffset}: {what}")
{
    public long ByteOffset { get; } = byteOffset;
}

/// <summary>ggml's tensor types, by their number in the file.</summary>
public enum QuantType : uint { F32 = 0, F16 = 1, Q4_0 = 2, Q8_0 = 8, BF16 = 30 }

/// <summary>One row of the quant-type table. BlockElements weights are stored in BlockBytes bytes.</summary>
public sealed record QuantTypeRow(QuantType Id, string Name, int BlockElements, int BlockBytes);

public static class QuantTypes
{
    public static IReadOnlyList<QuantTypeRow> Rows => throw new NotSupportedException();
    public static QuantTypeRow Of(QuantType type) => throw new NotSupportedException();
    /// <summary>Bytes of one row of <paramref name="columns"/> weights (columns is a multiple of the block).</summary>
    public static long RowBytes(QuantType type, long columns) => throw new NotSupportedException();
}

/// <summary>One tensor. Shape[0] is the innermost dimension (columns); Offset is absolute in the file, in bytes.</summary>
public sealed record GgufTensor(string Name, QuantType Type, IReadOnlyList<long> Shape, long Offset, long Bytes)
{
    public long Columns => Shape[0];
    /// <summary>Product of all dimensions but the first (for stacked experts: rows × experts).</summary>
    public long Rows { get { long n = 1; for (int i = 1; i < Shape.Count; i++) n *= Shape[i]; return n; } }
}

/// <summary>Key-value metadata. Get* throws GgufException when the key is missing or has another type; Find* returns null when missing.</summary>
public sealed class GgufMetadata
{
    public IReadOnlyList<string> Keys => throw new NotSupportedException();
    /// <summary>For display: string, bool, long, ulong, double or an array of one of them.</summary>
    public object this[string key] => throw new NotSupportedException();
    public string GetString(string key) => throw new NotSupportedException();
    public string? FindString(string key) => throw new NotSupportedException();
    public long GetInteger(string key) => throw new NotSupportedException();
    public long? FindInteger(string key) => throw new NotSupportedException();
    public double GetReal(string key) => throw new NotSupportedException();
    public double? FindReal(string key) => throw new NotSupportedException();
    public bool? FindBool(string key) => throw new NotSupportedException();
    public IReadOnlyList<string>? FindStrings(string key) => throw new NotSupportedException();
    public IReadOnlyList<long>? FindIntegers(string key) => throw new NotSupportedException();
    public IReadOnlyList<double>? FindReals(string key) => throw new NotSupportedException();
    /// <summary>Byte offset of the key's entry (0 when missing), for error messages of rooms that find a value wrong.</summary>
    public long OffsetOf(string key) => throw new NotSupportedException();
}

/// <summary>A parsed header: metadata and tensor table; the data stays in the file.</summary>
public sealed class GgufFile
{
    public static GgufFile Open(string path) => throw new NotSupportedException();
    public string Path => throw new NotSupportedException();
    public int Version => throw new NotSupportedException();
    public long FileBytes => throw new NotSupportedException();
    public GgufMetadata Metadata => throw new NotSupportedException();
    public IReadOnlyList<GgufTensor> Tensors => throw new NotSupportedException();
    /// <summary>Throws GgufException naming the missing tensor.</summary>
    public GgufTensor Get(string name) => throw new NotSupportedException();
    public GgufTensor? Find(string name) => throw new NotSupportedException();
}
