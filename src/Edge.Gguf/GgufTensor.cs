namespace Edge.Gguf;

/// <summary>One tensor. Shape[0] is the innermost dimension (columns); Offset is absolute in the file, in
/// bytes.</summary>
public sealed record GgufTensor(string Name, QuantType Type, IReadOnlyList<long> Shape, long Offset, long Bytes)
{
    /// <summary>Byte offset of the tensor's entry in the header, for errors of rooms that find its shape
    /// wrong.</summary>
    public long EntryOffset { get; init; }

    /// <summary>Of I2_S: 16 bytes hold 64 columns, as bitnet.cpp on ARM writes it, and not 32 bytes 128.</summary>
    public bool HasBlocksOf64 { get; init; }

    public long Columns => Shape[0];

    /// <summary>Product of all dimensions but the first (for stacked experts: rows × experts).</summary>
    public long Rows
    {
        get
        {
            long n = 1;
            for (int i = 1; i < Shape.Count; i++) n *= Shape[i];
            return n;
        }
    }
}
