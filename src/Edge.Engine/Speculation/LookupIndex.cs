namespace Edge.Engine.Speculation;

/// <summary>
/// Finds where the tokens at the end of a text stood before, as a compressor does: pairs of tokens hash into chains of
/// positions, newest first. All memory is made here.
/// </summary>
internal sealed class LookupIndex
{
    private const int ChainMax = 32;
    /// <summary>Longest match that is told apart.</summary>
    public const int MatchMax = 16;
    private const int MatchMin = 2;

    private readonly int[] _newest; // position + 1 by hash; 0: none
    private readonly int[] _older; // position + 1 of the one before, by position
    private readonly int[] _hashes; // by position, so that positions can be taken back
    private readonly int _shift;
    private int _count;

    public LookupIndex(int contextLength)
    {
        int bits = Math.Clamp(System.Numerics.BitOperations.Log2((uint)contextLength) + 1, 8, 18);
        _newest = new int[1 << bits];
        (_older, _hashes) = (new int[contextLength], new int[contextLength]);
        _shift = 32 - bits;
    }

    /// <summary>Keeps the first <paramref name="count"/> tokens.</summary>
    public void Truncate(int count)
    {
        while (_count > count)
            if (--_count > 0) _newest[_hashes[_count]] = _older[_count];
    }

    /// <summary>Takes the tokens that it does not know yet.</summary>
    public void Extend(ReadOnlySpan<int> tokens)
    {
        for (; _count < tokens.Length; _count++)
        {
            if (_count == 0) continue;
            uint pair = (uint)tokens[_count - 1] * 0x9E3779B1u ^ (uint)tokens[_count] * 0x85EBCA77u;
            int hash = (int)(pair * 0xC2B2AE3Du >> _shift);
            _hashes[_count] = hash;
            _older[_count] = _newest[hash];
            _newest[hash] = _count + 1;
        }
    }

    /// <summary>Where the text goes on that ends most like <paramref name="tokens"/>, all of which were taken: the
    /// longest match, the latest among equals. Length 0: the last two tokens are new.</summary>
    public (int At, int Length) Find(ReadOnlySpan<int> tokens)
    {
        int end = tokens.Length - 1;
        if (end < 1) return default;
        int bestAt = 0, bestLength = 0;
        int at = _older[end] - 1;
        for (int step = 0; at > 0 && step < ChainMax && bestLength < MatchMax; step++, at = _older[at] - 1)
        {
            int length = 0;
            while (length < MatchMax && length <= at && tokens[at - length] == tokens[end - length]) length++;
            if (length >= MatchMin && length > bestLength) (bestAt, bestLength) = (at + 1, length);
        }
        return (bestAt, bestLength);
    }
}
