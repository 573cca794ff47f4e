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
    /// <summary>Values of tokenizer.ggml.model: byte-level BPE, SentencePiece's BPE by scores.</summary>
    public const string ByteLevel = "gpt2", SentencePiece = "llama";

    public string Model { get; init; } = ByteLevel;
    public string Pre { get; init; } = "default";
    public required IReadOnlyList<string> Tokens { get; init; }
    /// <summary>Of byte-level BPE.</summary>
    public IReadOnlyList<string> Merges { get; init; } = [];
    /// <summary>Of SentencePiece: the pair whose union has the highest score merges first.</summary>
    public IReadOnlyList<double> Scores { get; init; } = [];
    /// <summary>Of SentencePiece: a text, and what follows a special token, begins with a space.</summary>
    public bool AddSpacePrefix { get; init; } = true;
    /// <summary>Null: all tokens are normal.</summary>
    public IReadOnlyList<long>? Types { get; init; }
    /// <summary>Values of the …_token_id keys that the file has.</summary>
    public IReadOnlyDictionary<string, long> Ids { get; init; } = new Dictionary<string, long>();
    public bool? AddBos { get; init; }
    public bool? AddEos { get; init; }
    public Func<string, long> OffsetOf { get; init; } = static _ => 0;

    /// <summary>Errors: GgufException where an entry is missing or has another type.</summary>
    public static TokenizerMetadata FromGguf(GgufMetadata file)
    {
        string model = file.GetString(ModelKey);
        if (model is not (ByteLevel or SentencePiece)) throw UnknownModel(model, file.OffsetOf(ModelKey));
        var ids = new Dictionary<string, long>();
        foreach (string key in new[] { BosKey, EosKey, EotKey, EomKey, UnknownKey })
        {
            if (file.FindInteger(key) is { } id) ids[key] = id;
        }
        return new()
        {
            Model = model,
            Pre = model == SentencePiece ? PreTokenizer.SentencePiece.Names[0] : file.FindString(PreKey) ?? "default",
            Tokens = file.FindStrings(TokensKey) ?? throw Missing(TokensKey),
            Merges = model == SentencePiece ? [] : file.FindStrings(MergesKey) ?? throw Missing(MergesKey),
            Scores = model != SentencePiece ? [] : file.FindReals(ScoresKey) ?? throw Missing(ScoresKey),
            AddSpacePrefix = file.FindBool(AddSpaceKey) ?? true,
            Types = file.FindIntegers(TypesKey),
            Ids = ids,
            AddBos = file.FindBool(AddBosKey),
            AddEos = file.FindBool(AddEosKey),
            OffsetOf = file.OffsetOf,
        };
    }

    /// <summary>Value of an id key, null where the file has none. Errors: GgufException where no token has that
    /// id.</summary>
    public int? FindId(string key)
    {
        if (!Ids.TryGetValue(key, out long id)) return null;
        if (id >= 0 && id < Tokens.Count) return (int)id;
        throw Bad(key, $"{id} is not a token; the vocabulary has {Tokens.Count}");
    }

    public GgufException Bad(string key, string what) => new($"{key}: {what}", OffsetOf(key));

    private static GgufException Missing(string key) =>
        new($"{key} is missing; convert the model again with its tokenizer", 0);

    private static GgufException UnknownModel(string model, long offset) => new(
        $"{ModelKey} '{model}' is not supported; take a model with byte-level BPE ('gpt2') " +
        "or SentencePiece's BPE ('llama')", offset);
}
