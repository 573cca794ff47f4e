using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;
using Ours = Edge.Text.Tokenizer;
using Theirs = Microsoft.ML.Tokenizers.Tokenizer;

namespace Edge.Text.MicrosoftML;

/// <summary>A model's tokenizer as code that knows Microsoft.ML.Tokenizers wants it. Cutting and normalising belong to
/// the family and cannot be left out: the flags that ask for it are not heeded. Threads: any number.</summary>
public sealed class EdgeTokenizer : Theirs
{
    private readonly Ours _tokenizer;
    private readonly bool _addSpecial, _parseSpecial;

    /// <param name="tokenizer">What does the work.</param>
    /// <param name="addSpecial">Begin and end of sequence are added where the model asks for them.</param>
    /// <param name="parseSpecial">Text that spells a control token becomes that token: not for strangers' text.</param>
    public EdgeTokenizer(Ours tokenizer, bool addSpecial = true, bool parseSpecial = false) =>
        (_tokenizer, _addSpecial, _parseSpecial) = (tokenizer, addSpecial, parseSpecial);

    /// <summary>The tokens with their places. Where they do not spell the text itself (WordPiece and SentencePiece add
    /// spaces, some change characters) the places are those in what they spell, which is the normalised
    /// text.</summary>
    protected override EncodeResults<EncodedToken> EncodeToTokens(
        string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        List<int> ids = Ids(textSpan);
        var bytes = new ArrayBufferWriter<byte>();
        int[] ends = new int[ids.Count];
        for (int i = 0; i < ends.Length; i++)
        {
            bytes.Write(Spelled(ids[i], textSpan));
            ends[i] = bytes.WrittenCount;
        }
        ReadOnlySpan<byte> spelled = bytes.WrittenSpan;
        int kept = Math.Min(ids.Count, settings.MaxTokenCount);
        // Half a character is none: it stays for the next call.
        if (kept < ids.Count) while (kept > 0 && IsInsideCharacter(spelled, ends[kept - 1])) kept--;
        var tokens = new EncodedToken[kept];
        int at = 0, consumed = 0;
        for (int i = 0; i < kept; i++)
        {
            int start = consumed;
            consumed += Encoding.UTF8.GetCharCount(spelled[at..Whole(spelled, ends[i])]);
            at = Whole(spelled, ends[i]);
            tokens[i] = new(ids[i], _tokenizer.TokenText(ids[i]), start..consumed);
        }
        string whole = Encoding.UTF8.GetString(spelled);
        return new()
        {
            Tokens = tokens, CharsConsumed = consumed,
            NormalizedText = textSpan.SequenceEqual(whole) ? null : whole,
        };
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(
        string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        if (settings.MaxTokenCount != int.MaxValue) return base.EncodeToIds(text, textSpan, settings);
        List<int> ids = Ids(textSpan);
        return new() { Tokens = ids, CharsConsumed = textSpan.Length };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        settings.MaxTokenCount == int.MaxValue ? Ids(textSpan).Count : base.CountTokens(text, textSpan, settings);

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids) => _tokenizer.Decode(ids);

    /// <summary>Whole characters of whole tokens; InvalidData at an id outside the vocabulary.</summary>
    public override OperationStatus Decode(
        IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        idsConsumed = charsWritten = 0;
        var detokenizer = new StreamingDetokenizer(_tokenizer);
        char[] buffer = new char[detokenizer.MaxCharsPerToken];
        bool dropsSpace = _tokenizer.AddsSpace;
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_tokenizer.VocabularySize) return OperationStatus.InvalidData;
            ReadOnlySpan<char> piece = buffer.AsSpan(0, detokenizer.Append(id, buffer));
            if (dropsSpace && piece.Length > 0)
            {
                if (piece[0] == ' ') piece = piece[1..];
                dropsSpace = false;
            }
            if (!piece.TryCopyTo(destination[charsWritten..])) return OperationStatus.DestinationTooSmall;
            charsWritten += piece.Length;
            idsConsumed++;
        }
        int rest = detokenizer.Flush(buffer);
        if (!buffer.AsSpan(0, rest).TryCopyTo(destination[charsWritten..])) return OperationStatus.DestinationTooSmall;
        charsWritten += rest;
        return OperationStatus.Done;
    }

    private List<int> Ids(ReadOnlySpan<char> text)
    {
        var ids = new List<int>((text.Length / 4) + 8);
        _tokenizer.EncodeToIds(text, ids, _addSpecial, _parseSpecial);
        return ids;
    }

    /// <summary>The bytes of a token; those of a control token only where the text spells it.</summary>
    private ReadOnlySpan<byte> Spelled(int id, ReadOnlySpan<char> text)
    {
        if (!_parseSpecial || !_tokenizer.IsControl(id)) return _tokenizer.TokenBytes(id);
        string spelling = _tokenizer.TokenText(id);
        return text.Contains(spelling, StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(spelling) : default;
    }

    private static bool IsInsideCharacter(ReadOnlySpan<byte> text, int at) =>
        at < text.Length && (text[at] & 0xC0) == 0x80;

    /// <summary>The end of the last whole character before a place.</summary>
    private static int Whole(ReadOnlySpan<byte> text, int at)
    {
        while (IsInsideCharacter(text, at)) at--;
        return at;
    }
}
