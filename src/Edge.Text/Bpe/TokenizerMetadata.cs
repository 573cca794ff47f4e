using Edge.Gguf;

namespace Edge.Text;

/// <summary>What a tokenizer needs of a file, apart from the file: tests and converters build it
/// themselves.</summary>
internal sealed record TokenizerMetadata
{
    public const string TokensKey = "tokenizer.ggml.tokens";
    public const string MergesKey = "tokenizer.ggml.merges";
    public const string TypesKey = "tokenizer.ggml.token_type";
    public const string ModelKey = "tokenizer.ggml.model";
    public const string PreKey = "tokenizer.ggml.pre";
    public const string BosKey = "tokenizer.ggml.bos_token_id";
    public const string EosKey = "tokenizer.ggml.eos_token_id";
    public const string EotKey = "tokenizer.ggml.eot_token_id";
    public const string EomKey = "tokenizer.ggml.eom_token_id";
    public const string UnknownKey = "tokenizer.ggml.unknown_token_id";
    public const string AddBosKey = "tokenizer.ggml.add_bos_token";
    public const string AddEosKey = "tokenizer.ggml.add_eos_token";
    public const string ScoresKey = "tokenizer.ggml.scores";
    public const string AddSpaceKey = "tokenizer.ggml.add_space_prefix";
    public const string RemoveSpacesKey = "tokenizer.ggml.remove_extra_whitespaces";
    public const string CharsMapKey = "tokenizer.ggml.precompiled_charsmap";
    private const string SuffixKey = "tokenizer.ggml.treat_whitespace_as_suffix";
    private const string LowercaseKey = "tokenizer.ggml.normalizer.lowercase";
    private const string StripAccentsKey = "tokenizer.ggml.normalizer.strip_accents";
    private const string AddSeparatorKey = "tokenizer.ggml.add_sep_token";
    private const string ClassifyKey = "tokenizer.ggml.cls_token_id";
    // The format's own spelling.
    private const string SeparatorKey = "tokenizer.ggml.seperator_token_id";
    /// <summary>Values of tokenizer.ggml.model: byte-level BPE, SentencePiece's BPE by scores, SentencePiece's unigram
    /// model, BERT's WordPiece.</summary>
    public const string ByteLevel = "gpt2", SentencePiece = "llama", Unigram = "t5", WordPiece = "bert";

    public string Model { get; init; } = ByteLevel;
    public string Pre { get; init; } = "default";
    public required IReadOnlyList<string> Tokens { get; init; }
    /// <summary>Of byte-level BPE.</summary>
    public IReadOnlyList<string> Merges { get; init; } = [];
    /// <summary>Of SentencePiece's BPE: the pair whose union has the highest score merges first. Of the unigram model:
    /// the logarithm of each token's probability.</summary>
    public IReadOnlyList<double> Scores { get; init; } = [];
    /// <summary>Of SentencePiece: a text, and what follows a special token, begins with a space.</summary>
    public bool AddSpacePrefix { get; init; } = true;
    /// <summary>Of the unigram model: runs of spaces become one, those at both ends fall away.</summary>
    public bool RemovesExtraSpaces { get; init; }
    /// <summary>Of the unigram model: SentencePiece's precompiled map of characters; empty: text stays as it
    /// is.</summary>
    public ReadOnlyMemory<byte> CharsMap { get; init; }
    /// <summary>Of WordPiece: capitals become small letters; accents fall off.</summary>
    public bool Lowercase { get; init; } = true;
    public bool StripAccents { get; init; } = true;
    /// <summary>Null: all tokens are normal.</summary>
    public IReadOnlyList<long>? Types { get; init; }
    /// <summary>Values of the …_token_id keys that the file has.</summary>
    public IReadOnlyDictionary<string, long> Ids { get; init; } = new Dictionary<string, long>();
    public bool? AddBos { get; init; }
    /// <summary>Of WordPiece: the separator that ends a text.</summary>
    public bool? AddEos { get; init; }
    public TokenStrips Strips { get; init; } = TokenStrips.None;
    public Func<string, long> OffsetOf { get; init; } = static _ => 0;

    /// <summary>Tokens that are pieces of text with a mark for spaces, not bytes in an alphabet.</summary>
    public bool HasPieces => Model != ByteLevel;

    /// <summary>Errors: GgufException where an entry is missing or has another type.</summary>
    public static TokenizerMetadata FromGguf(GgufMetadata file)
    {
        string model = file.GetString(ModelKey);
        if (model is not (ByteLevel or SentencePiece or Unigram or WordPiece))
            throw UnknownModel(model, file.OffsetOf(ModelKey));
        if (file.FindBool(SuffixKey) == true)
            throw new GgufException($"{SuffixKey}: spaces behind words are not supported; take another model",
                file.OffsetOf(SuffixKey));
        IReadOnlyList<string> tokens = file.FindStrings(TokensKey) ?? throw Missing(TokensKey);
        bool scored = model is SentencePiece or Unigram, lowercase = file.FindBool(LowercaseKey) ?? true;
        return new()
        {
            Model = model,
            Pre = model == ByteLevel ? file.FindString(PreKey) ?? "default" : "",
            Tokens = tokens,
            Merges = model == ByteLevel ? file.FindStrings(MergesKey) ?? throw Missing(MergesKey) : [],
            Scores = scored ? file.FindReals(ScoresKey) ?? throw Missing(ScoresKey) : [],
            AddSpacePrefix = file.FindBool(AddSpaceKey) ?? true,
            RemovesExtraSpaces = file.FindBool(RemoveSpacesKey) ?? false,
            CharsMap = model == Unigram ? BytesOf(file, CharsMapKey) : default,
            Lowercase = lowercase,
            StripAccents = file.FindBool(StripAccentsKey) ?? lowercase,
            Types = file.FindIntegers(TypesKey),
            Ids = IdsOf(file, model == WordPiece ? tokens : []),
            AddBos = file.FindBool(AddBosKey),
            AddEos = (model == WordPiece ? file.FindBool(AddSeparatorKey) : null) ?? file.FindBool(AddEosKey),
            Strips = TokenStrips.Of(file, tokens),
            OffsetOf = file.OffsetOf,
        };
    }

    private static Dictionary<string, long> IdsOf(GgufMetadata file, IReadOnlyList<string> bert)
    {
        var ids = new Dictionary<string, long>();
        foreach (string key in new[] { BosKey, EosKey, EotKey, EomKey, UnknownKey })
        {
            if (file.FindInteger(key) is { } id) ids[key] = id;
        }
        if (bert.Count == 0) return ids;
        // BERT begins a text with the token that it classifies by, and ends it with a separator.
        Set(BosKey, file.FindInteger(BosKey) ?? file.FindInteger(ClassifyKey), Text.WordPiece.Classify);
        Set(EosKey, file.FindInteger(SeparatorKey) ?? file.FindInteger(EosKey), Text.WordPiece.Separate);
        Set(UnknownKey, file.FindInteger(UnknownKey), Text.WordPiece.Unknown);
        return ids;

        void Set(string key, long? given, string spelling)
        {
            for (int id = 0; given is null && id < bert.Count; id++)
                if (bert[id] == spelling) given = id;
            if (given is { } known) ids[key] = known;
        }
    }

    private static byte[] BytesOf(GgufMetadata file, string key)
    {
        IReadOnlyList<long> values = file.FindIntegers(key) ?? [];
        var bytes = new byte[values.Count];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = unchecked((byte)values[i]);
        return bytes;
    }

    /// <summary>One score per token. Errors: GgufException where there are more or fewer.</summary>
    public double[] ScoresOf(int tokens) => Scores.Count == tokens ? [.. Scores]
        : throw Bad(ScoresKey, $"{Scores.Count} scores for {tokens} tokens; convert the model again");

    /// <summary>The scores are probabilities, not places in the order of merging: those are whole numbers. Files do not
    /// say which of SentencePiece's two models they hold.</summary>
    public bool HasProbabilities()
    {
        int fractions = 0, normal = 0;
        for (int id = 0; id < Scores.Count; id++)
        {
            if (Types is { } types && id < types.Count && types[id] != (long)TokenType.Normal) continue;
            normal++;
            if (Scores[id] != Math.Floor(Scores[id])) fractions++;
        }
        return fractions > normal / 2;
    }

    /// <summary>Value of an id key, null where the file has none or no token has that id: many files spell "none" so.
    /// </summary>
    public int? FindId(string key) =>
        Ids.TryGetValue(key, out long id) && id >= 0 && id < Tokens.Count ? (int)id : null;

    /// <summary>What of the file is left out, in sentences.</summary>
    public IReadOnlyList<string> Warnings()
    {
        List<string> warnings = [];
        foreach ((string key, long id) in Ids)
        {
            if (FindId(key) is null)
                warnings.Add($"{key}: {id} is not a token, so it is left out; the vocabulary has {Tokens.Count}");
        }
        return warnings;
    }

    public GgufException Bad(string key, string what) => new($"{key}: {Shown(what, 400)}", OffsetOf(key));

    /// <summary>A sentence may quote the file, which may hold anything.</summary>
    private static string Shown(string text, int charsMax)
    {
        char[] shown = text.ToCharArray(0, Math.Min(text.Length, charsMax));
        for (int i = 0; i < shown.Length; i++)
            if (char.IsControl(shown[i])) shown[i] = ' ';
        return shown.Length < text.Length ? $"{new string(shown)}…" : new string(shown);
    }

    private static GgufException Missing(string key) =>
        new($"{key} is missing; convert the model again with its tokenizer", 0);

    private static GgufException UnknownModel(string model, long offset) => new(
        $"{ModelKey} '{Shown(model, 60)}' is not supported; take a model with byte-level BPE ('gpt2'), " +
        "SentencePiece ('llama', 't5') or WordPiece ('bert')", offset);
}
