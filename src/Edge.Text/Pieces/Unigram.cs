namespace Edge.Text;

/// <summary>SentencePiece's unigram model: of all ways to cut a word into tokens the one whose scores add up to most
/// (Viterbi); a character that no token spells costs ten more than the worst token. Shared by threads.</summary>
/// <remarks>Source: Kudo 2018 (arXiv 1804.10959) and SentencePiece's model format. Sums are float64 and begin anew with
/// each word: a word's tokens do not depend on how long the text before it is.</remarks>
internal sealed class Unigram : IFragmentEncoder
{
    private const double UnknownPenalty = 10;

    private readonly Vocabulary _vocabulary;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknownId;
    private readonly PieceTrie _trie;
    private readonly ByteFallback _bytes;
    private readonly SpaceCuts _cuts;
    private readonly SentenceText _text;
    private readonly WholeWords _words;

    /// <summary>Errors: GgufException where scores and tokens disagree, a score is no finite number, or neither bytes
    /// nor the unknown have a token.</summary>
    public Unigram(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _scores = metadata.ScoresOf(vocabulary.Count);
        double worst = 0;
        for (int id = 0; id < _scores.Length; id++)
        {
            if (!double.IsFinite(_scores[id]))
                throw metadata.Bad(TokenizerMetadata.ScoresKey, $"score {id} is no finite number");
            if (vocabulary.Type(id) == TokenType.Normal) worst = Math.Min(worst, _scores[id]);
        }
        _unknownScore = worst - UnknownPenalty;
        int? unknown = metadata.FindId(TokenizerMetadata.UnknownKey) ?? FirstUnknown(vocabulary);
        _unknownId = unknown ?? -1;
        _bytes = new(metadata, vocabulary, unknown);
        _trie = new(vocabulary);
        _cuts = new(vocabulary);
        _text = new(metadata);
        _words = new(vocabulary.Count, Cut);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> destination, EncodeScratch scratch)
    {
        ReadOnlySpan<byte> words = _text.Normalize(scratch.Utf8(text), scratch);
        int first = destination.Count;
        for (int at = 0; at < words.Length;)
        {
            int end = _cuts.EndOfWord(words, at), count = destination.Count;
            ReadOnlySpan<byte> word = words[at..end];
            _words.Encode(word, _vocabulary.Find(word), destination, scratch.Pairs);
            // What is unknown in a row is one unknown token, over the ends of words too.
            bool again = count > first && destination[count - 1] == _unknownId && destination[count] == _unknownId;
            if (again) destination.RemoveAt(count);
            at = end;
        }
    }

    private void Cut(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch)
    {
        scratch.Begin(word.Length + 1);
        // Per end of a token: the best sum that ends there, its last token (-1: unknown) and where that begins.
        Span<double> sums = scratch.Sums(word.Length + 1);
        Span<int> tokens = scratch.Ids, starts = scratch.Previous, next = scratch.Next;
        sums.Fill(double.NegativeInfinity);
        sums[0] = 0;
        for (int at = 0; at < word.Length;)
        {
            int character = Math.Min(at + ByteFallback.CharBytes(word[at]), word.Length), end = at;
            bool known = false;
            for (int node = _trie.Child(PieceTrie.Root, word[at]); node >= 0; node = _trie.Child(node, word[end]))
            {
                end++;
                int token = _trie.Token(node);
                if (token >= 0)
                {
                    known |= end == character;
                    Offer(sums[at] + _scores[token], token, at, end, sums, tokens, starts);
                }
                if (end == word.Length) break;
            }
            if (!known) Offer(sums[at] + _unknownScore, -1, at, character, sums, tokens, starts);
            at = character;
        }
        for (int at = word.Length; at > 0; at = starts[at]) next[starts[at]] = at;
        for (int at = 0; at < word.Length; at = next[at])
        {
            int token = tokens[next[at]];
            if (token >= 0) destination.Add(token);
            else AddUnknown(word[at..next[at]], at > 0 && tokens[at] < 0, destination);
        }
    }

    private void AddUnknown(ReadOnlySpan<byte> character, bool again, List<int> destination)
    {
        int count = destination.Count;
        _bytes.Append(character, destination);
        if (again && destination[count] == _unknownId) destination.RemoveAt(count);
    }

    private static void Offer(
        double sum, int token, int start, int end, Span<double> sums, Span<int> tokens, Span<int> starts)
    {
        if (sum > sums[end]) (sums[end], tokens[end], starts[end]) = (sum, token, start);
    }

    private static int? FirstUnknown(Vocabulary vocabulary)
    {
        for (int id = 0; id < vocabulary.Count; id++)
            if (vocabulary.Type(id) == TokenType.Unknown) return id;
        return null;
    }
}
