namespace Edge.Text;

/// <summary>SentencePiece's BPE: characters of a text merge, always the pair whose union has the highest score, the
/// leftmost of equals; what is no token in the end becomes byte tokens. Spaces are characters like others. Shared by
/// threads.</summary>
/// <remarks>Source: the SentencePiece paper (arXiv 1808.06226) and its model format; text is not normalised, which is
/// how the models of this kind were made (identity).</remarks>
internal sealed class ScorePairs : IFragmentEncoder
{
    /// <summary>How vocabularies spell a space.</summary>
    public const char Space = '\u2581';


    private readonly Vocabulary _vocabulary;
    /// <summary>Place of a token's score among all scores, the highest first; equal scores share it.</summary>
    private readonly int[] _ranks;
    private readonly ByteFallback _bytes;
    private readonly SpaceCuts _cuts;
    private readonly WholeWords _words;
    private readonly bool _addsSpace;

    /// <summary>Errors: GgufException where scores and tokens disagree, or a byte has no token and there is none for
    /// the unknown.</summary>
    public ScorePairs(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _addsSpace = metadata.AddSpacePrefix;
        _words = new(vocabulary.Count, Merge);
        _ranks = Ranks(metadata.ScoresOf(vocabulary.Count), metadata);
        _cuts = new(vocabulary);
        _bytes = new(metadata, vocabulary, metadata.FindId(TokenizerMetadata.UnknownKey));
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> destination, EncodeScratch scratch)
    {
        ReadOnlySpan<byte> words = scratch.Utf8(text, _addsSpace);
        for (int at = 0; at < words.Length;)
        {
            int end = _cuts.EndOfWord(words, at);
            ReadOnlySpan<byte> word = words[at..end];
            _words.Encode(word, _vocabulary.Find(word), destination, scratch.Pairs);
            at = end;
        }
    }

    private void Merge(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        scratch.Begin(word.Length);
        // A symbol is known by its first byte; next is where the following one begins.
        Span<int> next = scratch.Next, previous = scratch.Previous, ranks = scratch.Ranks;
        for (int at = 0, before = -1; at < word.Length; before = at, at = next[at])
        {
            next[at] = Math.Min(at + ByteFallback.CharBytes(word[at]), word.Length);
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
            else _bytes.Append(word[at..next[at]], destination);
        }
    }

    private void Offer(ReadOnlySpan<byte> word, int at, BytePairScratch scratch)
    {
        int right = scratch.Next[at];
        int id = right < word.Length ? _vocabulary.Find(word[at..scratch.Next[right]]) : -1;
        int rank = scratch.Ranks[at] = id < 0 ? MergeTable.NoRank : _ranks[id];
        if (id >= 0) scratch.Put(rank, at);
    }

    private static int[] Ranks(double[] scores, TokenizerMetadata metadata)
    {
        int bad = Array.FindIndex(scores, double.IsNaN);
        if (bad >= 0) throw metadata.Bad(TokenizerMetadata.ScoresKey, $"score {bad} is no number");
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(id => scores[id])];
        var ranks = new int[scores.Length];
        for (int i = 1; i < order.Length; i++)
            ranks[order[i]] = ranks[order[i - 1]] + (scores[order[i]] == scores[order[i - 1]] ? 0 : 1);
        return ranks;
    }
}
