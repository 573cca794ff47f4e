using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;

namespace Edge.Tests.Gguf;

/// <summary>A GGUF file written field by field, right or wrong, without the product's writer.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    /// <summary>Magic, version and counts: 24 bytes.</summary>
    public static GgufBytes Start(ulong tensors = 0, ulong keys = 0, uint version = 3) =>
        new GgufBytes().Raw("GGUF"u8).U32(version).U64(tensors).U64(keys);

    public GgufBytes Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public GgufBytes U8(byte value) => Raw([value]);

    public GgufBytes U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public GgufBytes U64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public GgufBytes Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return U64((ulong)bytes.Length).Raw(bytes);
    }

    public GgufBytes Key(string key, GgufValueType type) => Text(key).U32((uint)type);

    public GgufBytes Tensor(string name, uint type, ulong offset, params ReadOnlySpan<ulong> shape)
    {
        Text(name).U32((uint)shape.Length);
        foreach (ulong length in shape) U64(length);
        return U32(type).U64(offset);
    }

    /// <summary>Zeros up to the alignment, then the data.</summary>
    public GgufBytes Data(int bytes, int alignment = 32)
    {
        while (_bytes.Count % alignment != 0) _bytes.Add(0);
        return Raw(new byte[bytes]);
    }

    public byte[] ToArray() => [.. _bytes];
}
