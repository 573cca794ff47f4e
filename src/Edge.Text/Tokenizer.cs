using System.Buffers;
using System.Text;
using Edge.Gguf;

namespace Edge.Text;

/// <summary>Text to token ids and back, by byte-level BPE, SentencePiece's BPE or unigram model, or WordPiece. Members
/// mirror Microsoft.ML.Tokenizers.Tokenizer so that an adapter is thin. Immutable as its users see it: any
/// number of threads may call it.</summary>
public sealed class Tokenizer
{
    private const int ScratchBytesKept = 1 << 18;
    // A noncharacter: no text that is meant for interchange holds it, and no token spells it.
    private const char ShieldMark = '\uFDD0';

    private readonly TokenizerMetadata _metadata;
    private readonly Vocabulary _vocabulary;
    private readonly IFragmentEncoder _fragments;
    private readonly bool _addsSpace;
    private readonly SpecialTokens _always, _parsed;
    private readonly bool[] _endsGeneration;
    private EncodeScratch? _idle;

    internal Tokenizer(TokenizerMetadata metadata)
    {
        _metadata = metadata;
        _vocabulary = Vocabulary.Build(metadata);
        (_fragments, bool addsBos) = Fragments(metadata, _vocabulary);
        // A word's first token has a space before it; WordPiece needs no say for that.
        _addsSpace = metadata.Model == TokenizerMetadata.WordPiece || metadata.HasPieces && metadata.AddSpacePrefix;
        _always = new(metadata, _vocabulary, static type => type is TokenType.UserDefined);
        _parsed = new(metadata, _vocabulary,
            static type => type is TokenType.UserDefined or TokenType.Control or TokenType.Unknown);
        _endsGeneration = EndOfGeneration.Mark(metadata, _vocabulary);
        Warnings = metadata.Warnings();
        BosId = metadata.FindId(TokenizerMetadata.BosKey);
        EosId = metadata.FindId(TokenizerMetadata.EosKey);
        AddsBos = Adds(metadata.AddBos, BosId, TokenizerMetadata.AddBosKey, addsBos);
        AddsEos = Adds(metadata.AddEos, EosId, TokenizerMetadata.AddEosKey,
            metadata.Model is TokenizerMetadata.Unigram or TokenizerMetadata.WordPiece);
    }

    /// <summary>The tokenizer of a model file. Errors: GgufException with the offset of the entry that is
    /// wrong.</summary>
    public static Tokenizer FromGguf(GgufMetadata metadata) => new(TokenizerMetadata.FromGguf(metadata));

    public int VocabularySize => _vocabulary.Count;

    /// <summary>What of the file is left out, in sentences for people.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Begin of sequence, where the file names one.</summary>
    public int? BosId { get; }

    /// <summary>End of sequence, where the file names one.</summary>
    public int? EosId { get; }

    /// <summary>The file asks for begin-of-sequence before a text.</summary>
    public bool AddsBos { get; }

    /// <summary>The file asks for end-of-sequence after a text.</summary>
    public bool AddsEos { get; }

    /// <summary>A text gets a space before it, which <see cref="Decode"/> leaves out again.</summary>
    public bool AddsSpace => _addsSpace;

    /// <summary>Length in bytes of the longest token.</summary>
    public int TokenBytesMax => _vocabulary.BytesMax;

    /// <summary>Ids; the model's begin- and end-of-sequence tokens are added where <paramref name="addSpecial"/> and
    /// the file asks for them (the former not twice where the text spells it already); text that spells a control token
    /// becomes that token where <paramref name="parseSpecial"/>.</summary>
    public IReadOnlyList<int> EncodeToIds(string text, bool addSpecial = true, bool parseSpecial = true)
    {
        var ids = new List<int>((text.Length / 4) + 8);
        EncodeToIds(text, ids, addSpecial, parseSpecial);
        return ids;
    }

    /// <summary>Appends the same ids to <paramref name="destination"/>.</summary>
    public void EncodeToIds(
        ReadOnlySpan<char> text, List<int> destination, bool addSpecial = true, bool parseSpecial = true)
    {
        EncodeScratch scratch = Interlocked.Exchange(ref _idle, null) ?? new();
        SpecialTokens special = parseSpecial ? _parsed : _always;
        int first = destination.Count;
        for (int at = 0; at < text.Length;)
        {
            bool found = special.TryTake(text, at, out int start, out int end, out int id);
            if (start > at) _fragments.Encode(text[at..start], destination, scratch);
            if (found) destination.Add(id);
            at = end;
        }
        bool hasBos = destination.Count > first && destination[first] == BosId;
        if (addSpecial && AddsBos && !hasBos) destination.Insert(first, BosId!.Value);
        if (addSpecial && AddsEos) destination.Add(EosId!.Value);
        // One huge word must not keep its memory for the life of the service.
        if (scratch.Capacity <= ScratchBytesKept) _idle = scratch;
    }

    /// <summary>A stranger's text, made safe to stand in a chat template: a mark inside what spells a special token
    /// keeps it from becoming one. <see cref="EncodeShielded"/> takes the marks out again, so the model reads the
    /// text as it was written.</summary>
    public string Shield(string text)
    {
        text = text.Replace(ShieldMark, '\uFFFD');
        StringBuilder? shielded = null;
        int at = 0;
        while (_parsed.TryFind(text, at, out int start, out _, out _))
        {
            shielded ??= new StringBuilder(text.Length + 16);
            shielded.Append(text, at, start + 1 - at).Append(ShieldMark);
            at = start + 1;
        }
        return shielded is null ? text : shielded.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Ids of a rendered chat template whose contents went through <see cref="Shield"/>: what the template
    /// spells becomes special tokens, what the contents spell stays text. Adds no begin or end of sequence: the
    /// template writes them.</summary>
    public IReadOnlyList<int> EncodeShielded(string text)
    {
        var ids = new List<int>((text.Length / 4) + 8);
        for (int at = 0; at < text.Length;)
        {
            bool found = _parsed.TryTake(text, at, out int start, out int end, out int id);
            string plain = text[at..start].Replace(ShieldMark.ToString(), "");
            EncodeToIds(plain, ids, addSpecial: false, parseSpecial: false);
            if (found) ids.Add(id);
            at = end;
        }
        return ids;
    }

    /// <summary>Text of the tokens; control tokens add nothing, invalid UTF-8 becomes U+FFFD; the space that
    /// SentencePiece and WordPiece put before the text is left out again. Errors: ArgumentOutOfRangeException
    /// for an id outside the vocabulary.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (int id in ids) bytes.Write(TokenBytes(id));
        ReadOnlySpan<byte> text = bytes.WrittenSpan;
        return Encoding.UTF8.GetString(_addsSpace && text.StartsWith((byte)' ') ? text[1..] : text);
    }

    /// <summary>Length of what <see cref="EncodeToIds(string, bool, bool)"/> returns.</summary>
    public int CountTokens(string text) => EncodeToIds(text).Count;

    /// <summary>The bytes that the token stands for; empty for control, unknown and unused tokens.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_vocabulary.Count, nameof(id));
        bool silent = _vocabulary.Type(id) is TokenType.Control or TokenType.Unknown or TokenType.Unused;
        return silent ? [] : _vocabulary.Bytes(id);
    }

    /// <summary>The token for people to read: its text, or the spelling of a control token; half characters as
    /// U+FFFD.</summary>
    public string TokenText(int id)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_vocabulary.Count, nameof(id));
        return Encoding.UTF8.GetString(_vocabulary.Bytes(id));
    }

    /// <summary>Steers the model and is no text: begin and end of sequence or turn, and the like.</summary>
    public bool IsControl(int id) => _vocabulary.Type(id) is TokenType.Control;

    /// <summary>End of generation: end-of-sequence, end-of-turn and the like.</summary>
    public bool IsEndOfGeneration(int id) => _endsGeneration[id];

    /// <summary>The special token spelled exactly <paramref name="text"/>; null when there is none.</summary>
    public int? FindSpecial(string text) =>
        _parsed.TryFind(text, 0, out int start, out int length, out int id) && start == 0 && length == text.Length
            ? id : null;

    /// <summary>The encoder of the family, and whether it adds begin-of-sequence where the file does not
    /// say.</summary>
    private static (IFragmentEncoder, bool AddsBos) Fragments(TokenizerMetadata metadata, Vocabulary vocabulary)
    {
        switch (metadata.Model)
        {
            case TokenizerMetadata.WordPiece: return (new WordPiece(metadata, vocabulary), true);
            case TokenizerMetadata.Unigram: return (new Unigram(metadata, vocabulary), false);
            case TokenizerMetadata.SentencePiece when metadata.HasProbabilities():
                return (new Unigram(metadata, vocabulary), true);
            case TokenizerMetadata.SentencePiece: return (new ScorePairs(metadata, vocabulary), true);
        }
        PreTokenizer pre = PreTokenizer.Find(metadata.Pre) ?? throw metadata.Bad(
            TokenizerMetadata.PreKey, $"'{metadata.Pre}' is not known; known are {PreTokenizer.KnownNames}");
        return (new SplitWords(pre, new BytePairs(metadata, vocabulary, pre.WholeWords)), pre.AddsBos);
    }

    private bool Adds(bool? asked, int? id, string key, bool otherwise)
    {
        if (asked == true && id is null)
            throw _metadata.Bad(key, "is true, but the file does not say which token to add");
        return (asked ?? otherwise) && id is not null;
    }
}
