using System.Text;

namespace Edge.Text;

/// <summary>Memory of one call of <see cref="Tokenizer.EncodeToIds(string, bool, bool)"/>: text as UTF-8, and what the
/// families need to cut it.</summary>
internal sealed class EncodeScratch
{
    private byte[] _utf8 = new byte[256];
    private byte[] _normalized = [];

    public BytePairScratch Pairs { get; } = new();

    /// <summary>Bytes of the longest text that fits without growing.</summary>
    public int Capacity => Math.Max(Pairs.Capacity, Math.Max(_utf8.Length, _normalized.Length));

    /// <summary>Lone surrogates become U+FFFD. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Utf8(ReadOnlySpan<char> text)
    {
        int bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_utf8.Length < bytesMax) _utf8 = new byte[bytesMax];
        return _utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, _utf8));
    }

    /// <summary>For SentencePiece: a space before the text, and the character that spells spaces made one.</summary>
    public ReadOnlySpan<byte> Utf8(ReadOnlySpan<char> text, bool space)
    {
        int bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        if (_utf8.Length < bytesMax) _utf8 = new byte[bytesMax];
        _utf8[0] = (byte)' ';
        int first = space ? 1 : 0, length = first + Encoding.UTF8.GetBytes(text, _utf8.AsSpan(first));
        Span<byte> all = _utf8.AsSpan(0, length);
        ReadOnlySpan<byte> mark = "\u2581"u8;
        int kept = all.IndexOf(mark);
        if (kept < 0) return all;
        for (int at = kept; at < length; kept++)
        {
            bool isMark = all[at] == mark[0] && all[at..].StartsWith(mark);
            all[kept] = isMark ? (byte)' ' : all[at];
            at += isMark ? mark.Length : 1;
        }
        return all[..kept];
    }

    /// <summary>A second buffer of at least so many bytes; its first <paramref name="kept"/> stay.</summary>
    public Span<byte> Normalized(int bytes, int kept = 0)
    {
        if (_normalized.Length < bytes)
        {
            byte[] larger = new byte[Math.Max(bytes, _normalized.Length * 2)];
            _normalized.AsSpan(0, kept).CopyTo(larger);
            _normalized = larger;
        }
        return _normalized;
    }
}
