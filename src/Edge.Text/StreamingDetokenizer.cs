using System.Buffers;
using System.Text;

namespace Edge.Text;

/// <summary>Bytes of tokens to whole characters: holds back half a character until the rest arrives; invalid bytes
/// become U+FFFD exactly as System.Text.Encoding.UTF8 has it. Allocates nothing per token. One per reply, one thread at
/// a time.</summary>
public sealed class StreamingDetokenizer(Tokenizer tokenizer)
{
    private readonly byte[] _held = new byte[4];
    private int _heldCount;

    /// <summary>Most characters that one <see cref="Append"/> can write: every byte invalid, the held ones
    /// too.</summary>
    public int MaxCharsPerToken => tokenizer.TokenBytesMax + 3;

    /// <summary>Writes the characters that became whole; returns their count. Errors: ArgumentException where
    /// <paramref name="destination"/> is shorter than <see cref="MaxCharsPerToken"/>.</summary>
    public int Append(int id, Span<char> destination)
    {
        if (destination.Length < MaxCharsPerToken)
        {
            throw new ArgumentException($"holds {destination.Length} characters, not {MaxCharsPerToken}",
                nameof(destination));
        }
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        int written = 0;
        while (_heldCount > 0 && !bytes.IsEmpty)
        {
            _held[_heldCount++] = bytes[0];
            OperationStatus status = Rune.DecodeFromUtf8(_held.AsSpan(0, _heldCount), out Rune rune, out int consumed);
            if (status != OperationStatus.NeedMoreData)
            {
                written += rune.EncodeToUtf16(destination[written..]);
                // An invalid byte that ends the held character may begin the next one: then it is not taken.
                if (consumed < _heldCount) { _heldCount = 0; continue; }
                _heldCount = 0;
            }
            bytes = bytes[1..];
        }
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed) == OperationStatus.NeedMoreData)
            {
                bytes.CopyTo(_held);
                _heldCount = bytes.Length;
                break;
            }
            written += rune.EncodeToUtf16(destination[written..]);
            bytes = bytes[consumed..];
        }
        return written;
    }

    /// <summary>Writes U+FFFD for what was held back, if anything; returns the count of characters.</summary>
    public int Flush(Span<char> destination)
    {
        if (_heldCount == 0) return 0;
        _heldCount = 0;
        destination[0] = '\ufffd';
        return 1;
    }

    /// <summary>Forgets what was held back: ready for the next reply.</summary>
    public void Reset() => _heldCount = 0;
}
