using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Edge.Mqtt.Journal;

/// <summary>Builds a record's body field by field; a field of variable length carries its length.</summary>
internal readonly struct RecordWriter(int sizeHint)
{
    private readonly ArrayBufferWriter<byte> _to = new(sizeHint);

    public RecordWriter Byte(byte value)
    {
        _to.GetSpan(1)[0] = value;
        _to.Advance(1);
        return this;
    }

    public RecordWriter Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_to.GetSpan(8), value);
        _to.Advance(8);
        return this;
    }

    public RecordWriter Bytes(ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_to.GetSpan(4), value.Length);
        _to.Advance(4);
        _to.Write(value);
        return this;
    }

    /// <summary>An absent text and an empty one read the same.</summary>
    public RecordWriter Text(string? value) => Bytes(Encoding.UTF8.GetBytes(value ?? ""));

    public byte[] ToArray() => _to.WrittenSpan.ToArray();
}
