using System.Buffers.Binary;
using System.Text;

namespace Edge.Mqtt.Journal;

/// <summary>Reads what <see cref="RecordWriter"/> wrote. Fields that a later version appended are left unread; a field
/// that is not there makes <see cref="IsWhole"/> false and reads as nothing.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _left = body;

    public bool IsWhole { get; private set; } = true;

    public byte Byte() => Take(1) is { Length: 1 } b ? b[0] : (byte)0;

    public long Long() => Take(8) is { Length: 8 } b ? BinaryPrimitives.ReadInt64LittleEndian(b) : 0;

    public ReadOnlySpan<byte> Bytes() =>
        Take(4) is { Length: 4 } b ? Take(BinaryPrimitives.ReadInt32LittleEndian(b)) : default;

    public string Text() => Encoding.UTF8.GetString(Bytes());

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (!IsWhole || bytes < 0 || bytes > _left.Length)
        {
            IsWhole = false;
            return default;
        }
        var taken = _left[..bytes];
        _left = _left[bytes..];
        return taken;
    }
}
