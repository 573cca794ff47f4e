using System.Buffers.Binary;
using System.Text;

namespace Edge.Gguf;

/// <summary>A forward walk over a file's header, which is kept in one growing buffer. Nothing is allocated or read
/// before it is known that the file has that many bytes, so memory is bounded by the file and by
/// HeaderBytesMax.</summary>
internal sealed class HeaderCursor(FileStream file, long fileBytes)
{
    /// <summary>Read ahead of the walk; a header of a small model fits in one or two.</summary>
    private const int ReadBytes = 256 << 10;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private byte[] _buffer = [];
    private int _filled;

    /// <summary>Bytes walked. The header starts the file, so this is also the offset in the file.</summary>
    public int Position { get; private set; }

    public long FileBytes => fileBytes;

    /// <summary>The walked bytes, cut to <paramref name="length"/>, as an array of exactly that size.</summary>
    public byte[] Copy(int length) => _buffer.AsSpan(0, length).ToArray();

    /// <summary>Errors: GgufException when the file has fewer than <paramref name="count"/> bytes left.</summary>
    public void Require(long count, string what)
    {
        if (count > fileBytes - Position)
            throw new GgufException($"truncated: the file ends inside {what}, which reaches to byte " +
                $"{(Int128)Position + count}, and has {fileBytes} bytes; download it again", Position);
        if (count > GgufLimits.HeaderBytesMax - Position)
            throw new GgufException($"{what} reaches to byte {Position + count} of the header, whose limit is " +
                $"{GgufLimits.HeaderBytesMax}; this is no sane model file, take another one", Position);
    }

    public ReadOnlySpan<byte> Take(int count, string what)
    {
        Require(count, what);
        int end = Position + count;
        if (end > _filled) Fill(end, what);
        ReadOnlySpan<byte> taken = _buffer.AsSpan(Position, count);
        Position = end;
        return taken;
    }

    /// <summary>The next bytes, without walking over them.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        ReadOnlySpan<byte> next = Take(count, "the file's beginning");
        Position -= count;
        return next;
    }

    public uint TakeUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong TakeUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A key or a tensor name: 1 to <paramref name="bytesMax"/> bytes of UTF-8 without control
    /// characters.</summary>
    public string ReadName(string what, int bytesMax)
    {
        int start = Position;
        ulong length = TakeUInt64($"the length of {what}");
        if (length == 0 || length > (ulong)bytesMax)
            throw new GgufException($"{what} claims {length} bytes, allowed are 1 to {bytesMax}; " +
                "the file is damaged, download it again", start);
        ReadOnlySpan<byte> bytes = Take((int)length, what);
        if (bytes.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || bytes.Contains((byte)127))
            throw new GgufException($"{what} contains a control character; the file is damaged, " +
                "download it again", start);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new GgufException($"{what} is not UTF-8; the file is damaged, download it again", start);
        }
    }

    private void Fill(int end, string what)
    {
        int wanted = (int)Math.Min((long)end + ReadBytes, fileBytes);
        if (wanted > _buffer.Length)
            Array.Resize(ref _buffer, (int)Math.Min(Math.Max(wanted, 2L * _buffer.Length), fileBytes));
        while (_filled < wanted)
        {
            int got = RandomAccess.Read(file.SafeFileHandle, _buffer.AsSpan(_filled, wanted - _filled), _filled);
            if (got == 0) break;
            _filled += got;
        }
        if (_filled < end)
            throw new GgufException($"the file shrank to {_filled} bytes while {what} was read; wait until its " +
                "download or copy has ended", _filled);
    }
}
