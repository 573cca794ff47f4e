namespace Edge.Text;

/// <summary>SentencePiece's BPE: characters of a text merge, always the pair whose union has the highest score, the
/// leftmost of equals; what is no token in the end becomes byte tokens. Spaces are characters like others. Shared by
/// threads.</summary>
/// <remarks>Source: the SentencePiece paper (arXiv 1808.06226) and its model format; text is not normalised, which is
/// how the models of this kind were made (identity).</remarks>
internal sealed class ScorePairs : IWordEncoder
{
    /// <summary>How vocabularies spell a space.</summary>
    public const char Space = '\u2581';

    // What merging the characters of a token yields; decided when it is first met.
    private const byte Undecided = 0, YieldsItself = 1, YieldsOthers = 2;

    private readonly Vocabulary _vocabulary;
    /// <summary>Place of a token's score among all scores, the highest first; equal scores share it.</summary>
    private readonly int[] _ranks;
    private readonly int[] _byteIds = new int[256];
    private readonly byte[] _yields;
    private readonly bool _cutsAtSpaces;

    /// <summary>Errors: GgufException where scores and tokens disagree, or a byte has no token and there is none for
    /// the unknown.</summary>
    public ScorePairs(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        if (metadata.Scores.Count != vocabulary.Count)
            throw metadata.Bad(TokenizerMetadata.ScoresKey, $"{metadata.Scores.Count} scores for {vocabulary.Count} " +
                "tokens; convert the model again");
        _vocabulary = vocabulary;
        _yields = new byte[vocabulary.Count];
        _ranks = Ranks(metadata);
        _cutsAtSpaces = true;
        Array.Fill(_byteIds, metadata.FindId(TokenizerMetadata.UnknownKey) ?? -1);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) == TokenType.Byte) _byteIds[vocabulary.Bytes(id)[0]] = id;
            else if (vocabulary.Type(id) == TokenType.Normal)
                _cutsAtSpaces &= BeginsOnlyWithSpaces(vocabulary.Bytes(id));
        }
        int missing = Array.IndexOf(_byteIds, -1);
        if (missing >= 0)
            throw metadata.Bad(TokenizerMetadata.TokensKey, $"no token for byte 0x{missing:X2} and none for what is " +
                "unknown; the vocabulary is not whole");
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        // No token has a space behind another character, so no merge crosses the front of a run of spaces.
        for (int at = 0; at < word.Length;)
        {
            int end = _cutsAtSpaces ? EndOfWord(word, at) : word.Length;
            EncodeOne(word[at..end], destination, scratch);
            at = end;
        }
    }

    private void EncodeOne(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        int whole = _vocabulary.Find(word), count = destination.Count;
        if (whole >= 0 && _yields[whole] == YieldsItself)
        {
            destination.Add(whole);
            return;
        }
        if (scratch.Words.TryAppend(word, destination)) return;
        Merge(word, destination, scratch);
        scratch.Words.Put(word, destination, count);
        if (whole >= 0 && _yields[whole] == Undecided)
        {
            bool itself = destination.Count == count + 1 && destination[count] == whole;
            _yields[whole] = itself ? YieldsItself : YieldsOthers;
        }
    }

    private void Merge(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        scratch.Begin(word.Length);
        // A symbol is known by its first byte; next is where the following one begins.
        Span<int> next = scratch.Next, previous = scratch.Previous, ranks = scratch.Ranks;
        for (int at = 0, before = -1; at < word.Length; before = at, at = next[at])
        {
            next[at] = Math.Min(at + CharBytes(word[at]), word.Length);
            previous[at] = before;
        }
        for (int at = 0; at < word.Length; at = next[at]) Offer(word, at, scratch);
        while (scratch.TryTake(out int rank, out int at))
        {
            // Stale: the pair at this place has changed since it was offered.
            if (ranks[at] != rank) continue;
            int right = next[at], after = next[right];
            ranks[right] = MergeTable.NoRank;
            next[at] = after;
            if (after < word.Length) previous[after] = at;
            Offer(word, at, scratch);
            if (previous[at] is >= 0 and var before) Offer(word, before, scratch);
        }
        for (int at = 0; at < word.Length; at = next[at])
        {
            int id = _vocabulary.Find(word[at..next[at]]);
            if (id >= 0) destination.Add(id);
            else AddBytes(word[at..next[at]], destination);
        }
    }

    private void AddBytes(ReadOnlySpan<byte> symbol, List<int> destination)
    {
        foreach (byte value in symbol)
        {
            int id = _byteIds[value];
            destination.Add(id);
            // One character that is unknown is one unknown token.
            if (_vocabulary.Type(id) != TokenType.Byte) return;
        }
    }

    private void Offer(ReadOnlySpan<byte> word, int at, BytePairScratch scratch)
    {
        int right = scratch.Next[at];
        int id = right < word.Length ? _vocabulary.Find(word[at..scratch.Next[right]]) : -1;
        int rank = scratch.Ranks[at] = id < 0 ? MergeTable.NoRank : _ranks[id];
        if (id >= 0) scratch.Put(rank, at);
    }

    private static int[] Ranks(TokenizerMetadata metadata)
    {
        double[] scores = [.. metadata.Scores];
        int bad = Array.FindIndex(scores, double.IsNaN);
        if (bad >= 0) throw metadata.Bad(TokenizerMetadata.ScoresKey, $"score {bad} is no number");
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(id => scores[id])];
        var ranks = new int[scores.Length];
        for (int i = 1; i < order.Length; i++)
            ranks[order[i]] = ranks[order[i - 1]] + (scores[order[i]] == scores[order[i - 1]] ? 0 : 1);
        return ranks;
    }

    private static bool BeginsOnlyWithSpaces(ReadOnlySpan<byte> token) =>
        !token.TrimStart((byte)' ').Contains((byte)' ');

    private static int EndOfWord(ReadOnlySpan<byte> word, int at)
    {
        while (at < word.Length && word[at] == ' ') at++;
        int space = word[at..].IndexOf((byte)' ');
        return space < 0 ? word.Length : at + space;
    }

    private static int CharBytes(byte first) => first switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
}
