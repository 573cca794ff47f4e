namespace Edge.Text;

/// <summary>Merges the bytes of one word: always the pair of lowest rank, the leftmost of equals. Shared by
/// threads.</summary>
internal sealed class BytePairs
{
    /// <summary>Some vocabularies lack bytes that their training never saw; with more missing, the file is another's.
    /// </summary>
    private const int MissingMax = 128;

    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly int[] _byteIds;
    private readonly bool _wholeWords;
    private readonly WholeWords _words;

    /// <summary>Errors: GgufException for bad merges, or where most bytes are no token.</summary>
    public BytePairs(TokenizerMetadata metadata, Vocabulary vocabulary, bool wholeWords)
    {
        (_vocabulary, _wholeWords) = (vocabulary, wholeWords);
        _words = new(vocabulary.Count, Merge);
        var ids = new Dictionary<string, int>(metadata.Tokens.Count);
        for (int id = 0; id < metadata.Tokens.Count; id++) ids[metadata.Tokens[id]] = id;
        _merges = MergeTable.Build(metadata, ids);
        _byteIds = ByteIds(metadata, ids);
    }

    /// <summary>Appends the ids of <paramref name="word"/>, which is not empty. Time: O(n log n).</summary>
    public void Encode(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        int whole = word.Length == 1 ? _byteIds[word[0]] : _vocabulary.Find(word);
        if (whole >= 0 && (_wholeWords || word.Length == 1)) destination.Add(whole);
        else _words.Encode(word, whole, destination, scratch);
    }

    private void Merge(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        scratch.Begin(word.Length);
        Span<int> ids = scratch.Ids, ranks = scratch.Ranks, next = scratch.Next, previous = scratch.Previous;
        int length = 0;
        foreach (byte value in word)
        {
            // Neighbours of a byte without token meet, as in the models' own library.
            if (_byteIds[value] is not (>= 0 and var id)) continue;
            ids[length] = id;
            previous[length] = length - 1;
            next[length] = ++length;
        }
        if (length == 0) return;
        for (int i = 0; i + 1 < length; i++) Offer(i, ids[i], ids[i + 1], ranks, scratch);
        ranks[length - 1] = MergeTable.NoRank;
        while (scratch.TryTake(out int rank, out int at))
        {
            // Stale: the pair at this place has changed since it was offered.
            if (ranks[at] != rank) continue;
            int right = next[at], after = next[right];
            _merges.Find(ids[at], ids[right], out ids[at]);
            ranks[right] = MergeTable.NoRank;
            next[at] = after;
            if (after < length)
            {
                previous[after] = at;
                Offer(at, ids[at], ids[after], ranks, scratch);
            }
            else ranks[at] = MergeTable.NoRank;
            if (previous[at] is >= 0 and var before) Offer(before, ids[before], ids[at], ranks, scratch);
        }
        for (int i = 0; i < length; i = next[i]) destination.Add(ids[i]);
    }

    private void Offer(int at, int left, int right, Span<int> ranks, BytePairScratch scratch)
    {
        int rank = ranks[at] = _merges.Find(left, right, out _);
        if (rank != MergeTable.NoRank) scratch.Put(rank, at);
    }

    /// <summary>The token of each byte; the unknown token or −1 where there is none.</summary>
    private static int[] ByteIds(TokenizerMetadata metadata, Dictionary<string, int> ids)
    {
        int? unknown = metadata.FindId(TokenizerMetadata.UnknownKey);
        var found = new int[256];
        int missing = 0;
        for (int b = 0; b < 256; b++)
        {
            if (ids.TryGetValue(ByteAlphabet.Spell((byte)b).ToString(), out found[b])) continue;
            found[b] = unknown ?? -1;
            missing++;
        }
        return missing <= MissingMax ? found : throw metadata.Bad(TokenizerMetadata.TokensKey,
            $"no tokens for {missing} of 256 bytes; the vocabulary is not a byte-level one");
    }
}
