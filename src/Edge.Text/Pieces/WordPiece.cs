using System.Text;

namespace Edge.Text;

/// <summary>BERT's tokenizer: text is cleaned and cut into words, a word into the longest tokens from its front on; a
/// word that cannot be cut whole is one unknown token. Shared by threads.</summary>
/// <remarks>Source: Devlin et al. 2018 and its published tokenizer. GGUF spells the front of a word as SentencePiece
/// does, so a word is looked up with a space before it.</remarks>
internal sealed class WordPiece : IFragmentEncoder
{
    public const string Unknown = "[UNK]", Classify = "[CLS]", Separate = "[SEP]";

    /// <summary>Longer words are unknown.</summary>
    private const int WordCharsMax = 100;
    /// <summary>A space, the longest word, and what one more character may become.</summary>
    private const int WordBytesMax = 1 + ((WordCharsMax + 4) * 4);

    private readonly Vocabulary _vocabulary;
    private readonly PieceTrie _trie;
    private readonly BertText _text;
    private readonly int _unknownId;

    /// <summary>Errors: GgufException where no token stands for the unknown.</summary>
    public WordPiece(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _unknownId = metadata.FindId(TokenizerMetadata.UnknownKey) ?? throw metadata.Bad(
            TokenizerMetadata.TokensKey, "there is no token [UNK] for what is unknown; the vocabulary is not whole");
        _trie = new(vocabulary);
        _text = new(metadata.Lowercase, metadata.StripAccents);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> destination, EncodeScratch scratch)
    {
        Span<byte> word = scratch.Normalized(WordBytesMax);
        Span<Rune> parts = stackalloc Rune[BertText.PartsMax];
        word[0] = (byte)' ';
        int length = 1, characters = 0;
        for (int at = 0; at < text.Length;)
        {
            BertText.Place place = _text.Next(text[at..], parts, out int count, out int consumed);
            at += consumed;
            if (place == BertText.Place.Nowhere) continue;
            if (place != BertText.Place.InWord) EndWord(word, ref length, ref characters, destination, scratch);
            if (place == BertText.Place.Between) continue;
            for (int i = 0; i < count; i++)
            {
                // One too many characters suffice to know that the word is too long.
                if (characters > WordCharsMax) break;
                characters++;
                if (parts[i].IsAscii) word[length++] = (byte)parts[i].Value;
                else length += parts[i].EncodeToUtf8(word[length..]);
            }
            if (place == BertText.Place.Alone) EndWord(word, ref length, ref characters, destination, scratch);
        }
        EndWord(word, ref length, ref characters, destination, scratch);
    }

    private void EndWord(
        Span<byte> word, ref int length, ref int characters, List<int> destination, EncodeScratch scratch)
    {
        if (characters > WordCharsMax) destination.Add(_unknownId);
        else if (length > 1) EncodeOne(word[..length], destination, scratch.Pairs.Words);
        (length, characters) = (1, 0);
    }

    private void EncodeOne(ReadOnlySpan<byte> word, List<int> destination, WordCache cache)
    {
        int whole = _vocabulary.Find(word);
        if (whole >= 0)
        {
            destination.Add(whole);
            return;
        }
        if (cache.TryAppend(word, destination)) return;
        int first = destination.Count;
        for (int at = 0; at < word.Length;)
        {
            int longest = -1, end = at;
            for (int node = _trie.Child(PieceTrie.Root, word[at]), next = at + 1; node >= 0; next++)
            {
                if (_trie.Token(node) is >= 0 and var token) (longest, end) = (token, next);
                node = next < word.Length ? _trie.Child(node, word[next]) : -1;
            }
            // A space alone is no front of a word: the rest would be looked up as if it went on.
            if (longest < 0 || end == 1)
            {
                destination.RemoveRange(first, destination.Count - first);
                destination.Add(_unknownId);
                break;
            }
            destination.Add(longest);
            at = end;
        }
        cache.Put(word, destination, first);
    }
}
