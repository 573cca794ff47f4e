using System.Text;
using System.Text.Json;
using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack.Hub;

/// <summary>tokenizer.json (byte-level BPE, SentencePiece's BPE with byte fallback or its unigram model, or WordPiece)
/// and tokenizer_config.json as the keys of a GGUF file. Errors: ModelFolderException.</summary>
internal sealed partial class HubTokenizer
{
    private const string File = "tokenizer.json", ConfigFile = "tokenizer_config.json";
    private const int BytesMax = 64 << 20, ConfigBytesMax = 16 << 20, TokenBytesMax = 4096;
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private readonly string[] _tokens;
    private readonly int[] _types;
    private readonly List<string> _merges = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Family _family;
    private readonly bool _hasBytes, _addsSpace;
    private readonly string _pre = "";
    private readonly double[] _scores = [];
    private readonly int? _bos, _eos;
    private readonly bool? _addBos;
    private readonly string? _template;
    /// <summary>Added tokens that swallow the blanks beside them.</summary>
    private readonly List<uint> _stripsLeft = [], _stripsRight = [];

    public HubTokenizer(string folder, int vocabulary)
    {
        _tokens = new string[vocabulary];
        _types = new int[vocabulary];
        using HubJson json = HubJson.Get(folder, File, BytesMax);
        HubJson model = json.FindObject("model") ?? throw json.Wrong("model", "is missing");
        _hasBytes = model.FindBool("byte_fallback") == true;
        _family = FamilyOf(model, _hasBytes);
        if (_family == Family.Unigram) _scores = ReadPieces(model);
        else ReadVocabulary(model.FindObject("vocab") ?? throw model.Wrong("vocab", "is missing"));
        if (_family is Family.ByteLevel or Family.SentencePiece) ReadMerges(model);
        ReadAdded(json);
        for (int i = 0; i < vocabulary; i++)
            if (_tokens[i] is null) (_tokens[i], _types[i]) = ($"[PAD{i}]", Unused);
        switch (_family)
        {
            case Family.ByteLevel:
                _pre = HubPreTokenizer.Name(json);
                break;
            case Family.SentencePiece:
                _scores = Scores();
                _addsSpace = HubPreTokenizer.AddsSpace(json);
                break;
            default:
                ReadStages(json, model);
                break;
        }
        using HubJson? config = HubJson.Find(folder, ConfigFile, ConfigBytesMax);
        if (config is not null)
        {
            (_bos, _eos) = (Special(config, "bos_token"), Special(config, "eos_token"));
            _addBos = config.FindBool("add_bos_token");
            _template = Template(config);
        }
        if (_template is null)
        {
            // Folders with pictures keep it apart.
            using HubJson? apart = HubJson.Find(folder, "chat_template.json", ConfigBytesMax);
            _template = apart?.FindText("chat_template");
        }
        string jinja = Path.Combine(folder, "chat_template.jinja");
        if (_template is null && System.IO.File.Exists(jinja))
        {
            if (new FileInfo(jinja).Length > GgufLimits.StringBytesMax)
                throw new ModelFolderException("chat_template.jinja", "byte 0", "is too large for a template");
            _template = System.IO.File.ReadAllText(jinja);
        }
        if (_template?.Length > GgufLimits.StringBytesMax / 3)
            throw new ModelFolderException(ConfigFile, "key 'chat_template'", "is too large for a template");
        var sum = new Checksum();
        foreach (string token in _tokens) sum.Add(Encoding.UTF8.GetBytes(token));
        sum.Add(Encoding.UTF8.GetBytes(_template ?? ""));
        sum.Add(Encoding.UTF8.GetBytes($"{string.Join(' ', _stripsLeft)} {string.Join(' ', _stripsRight)}"));
        Identity = sum.Value;
    }

    public ulong Identity { get; }

    /// <summary>About what the keys take in a file.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 4L * _types.Length + (_template?.Length ?? 0) + 500;
            foreach (string token in _tokens) bytes += 8 + Encoding.UTF8.GetByteCount(token);
            bytes += 8L * _scores.Length + (_text?.CharsMap.Length ?? 0);
            if (_family == Family.ByteLevel)
                foreach (string merge in _merges) bytes += 8 + Encoding.UTF8.GetByteCount(merge);
            return bytes;
        }
    }

    public void Write(GgufWriter writer)
    {
        writer.Set("tokenizer.ggml.model", _family switch
        {
            Family.ByteLevel => "gpt2", Family.SentencePiece => "llama", Family.Unigram => "t5", _ => "bert",
        });
        writer.SetArray("tokenizer.ggml.tokens", _family == Family.WordPiece ? WordsMarked() : _tokens);
        writer.SetArray<int>("tokenizer.ggml.token_type", _types);
        switch (_family)
        {
            case Family.ByteLevel:
                writer.Set("tokenizer.ggml.pre", _pre);
                writer.SetArray("tokenizer.ggml.merges", _merges);
                break;
            case Family.SentencePiece:
                writer.SetArray<float>("tokenizer.ggml.scores", Array.ConvertAll(_scores, score => (float)score));
                writer.Set("tokenizer.ggml.add_space_prefix", _addsSpace);
                break;
            case Family.Unigram:
                WriteUnigram(writer);
                break;
            default:
                WriteWordPiece(writer);
                break;
        }
        if (_bos is { } bos && _ends?.Before is null) writer.Set("tokenizer.ggml.bos_token_id", (uint)bos);
        if (_eos is { } eos && _ends?.After is null) writer.Set("tokenizer.ggml.eos_token_id", (uint)eos);
        if (_addBos is { } adds && _ends is null) writer.Set("tokenizer.ggml.add_bos_token", adds);
        if (_template is not null) writer.Set("tokenizer.chat_template", _template);
        // GGUF has no keys for them; our tokenizer reads these.
        if (_stripsLeft.Count > 0) writer.SetArray<uint>("edge.tokenizer.lstrip", [.. _stripsLeft]);
        if (_stripsRight.Count > 0) writer.SetArray<uint>("edge.tokenizer.rstrip", [.. _stripsRight]);
    }

    private void Add(HubJson json, string key, string token, long id, int type)
    {
        if (id < 0 || id >= _tokens.Length)
            throw json.Wrong(key, $"has the id {id}, the vocabulary {_tokens.Length} tokens");
        if (Encoding.UTF8.GetByteCount(token) > TokenBytesMax || token.Length == 0)
            throw json.Wrong(key, $"a token has 1 to {TokenBytesMax} bytes");
        if (_tokens[id] is { } other && other != token)
            throw json.Wrong(key, $"has the id {id}, which {Printable.Quote(other)} has too");
        (_tokens[id], _types[id], _ids[token]) = (token, type, (int)id);
    }

    private void ReadVocabulary(HubJson vocabulary)
    {
        foreach (JsonProperty member in vocabulary.Members)
        {
            string token = vocabulary.NameOf(member, "vocab");
            if (member.Value.ValueKind != JsonValueKind.Number || !member.Value.TryGetInt64(out long id))
                throw vocabulary.Wrong(token, "has an id that is no whole number");
            Add(vocabulary, token, token, id, TypeOf(token));
        }
    }

    private int TypeOf(string token)
    {
        bool isByte = _hasBytes && token is ['<', '0', 'x', var high, var low, '>']
            && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low);
        return isByte ? Byte : _family == Family.SentencePiece && token == "<unk>" ? Unknown : Normal;
    }

    private void ReadMerges(HubJson model)
    {
        foreach (JsonElement merge in model.FindArray("merges", GgufLimits.ArrayCountMax)
            ?? throw model.Wrong("merges", "is missing"))
        {
            // Two forms: "a b", or of later versions ["a", "b"].
            string text = merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
                ? model.Text("merges", merge[0]) + " " + model.Text("merges", merge[1]) : model.Text("merges", merge);
            if (Encoding.UTF8.GetByteCount(text) > 2 * TokenBytesMax)
                throw model.Wrong("merges", "has too long a pair");
            _merges.Add(text);
        }
    }

    private void ReadAdded(HubJson json)
    {
        foreach (JsonElement added in json.FindArray("added_tokens", GgufLimits.ArrayCountMax) ?? [])
        {
            if (added.ValueKind != JsonValueKind.Object || !added.TryGetProperty("id", out JsonElement id)
                || id.ValueKind != JsonValueKind.Number || !id.TryGetInt64(out long number)
                || !added.TryGetProperty("content", out JsonElement content))
                throw json.Wrong("added_tokens", "has an entry without id and content");
            bool isSpecial = IsTrue(added, "special");
            string token = json.Text("added_tokens", content);
            // Tokens beyond the model's own table are never produced: some folders have them.
            if (number >= _tokens.Length && number < 1L << 31) continue;
            if (IsTrue(added, "lstrip")) _stripsLeft.Add((uint)number);
            if (IsTrue(added, "rstrip")) _stripsRight.Add((uint)number);
            bool isUnknown = _unknown is { } unknown ? number == unknown
                : _family == Family.SentencePiece && token == "<unk>";
            Add(json, "added_tokens", token, number, isUnknown ? Unknown : isSpecial ? Control : UserDefined);
        }
    }

    private static bool IsTrue(JsonElement entry, string key) =>
        entry.TryGetProperty(key, out JsonElement flag) && flag.ValueKind == JsonValueKind.True;

    /// <summary>The earlier a token's merge, the higher its score: pairs then merge in the same order.</summary>
    private double[] Scores()
    {
        var scores = new double[_tokens.Length];
        int rank = 0;
        foreach (string merge in _merges)
        {
            rank++;
            int blank = merge.IndexOf(' ', 1);
            if (blank > 0 && _ids.TryGetValue(merge.Remove(blank, 1), out int id) && scores[id] == 0)
                scores[id] = -rank;
        }
        for (int i = 0; i < scores.Length; i++)
            if (scores[i] == 0 && _types[i] == Normal) scores[i] = -rank - 1;
        return scores;
    }

    private int? Special(HubJson config, string key)
    {
        string? token;
        try
        {
            token = config.FindText(key);
        }
        catch (ModelFolderException)
        {
            token = config.FindObject(key)?.FindText("content"); // the other form
        }
        return token is not null && _ids.TryGetValue(token, out int id) ? id : null;
    }

    private static string? Template(HubJson config)
    {
        try
        {
            return config.FindText("chat_template");
        }
        catch (ModelFolderException)
        {
            // Several by name: the default one.
            foreach (JsonElement template in config.FindArray("chat_template", 64) ?? [])
                if (template.ValueKind == JsonValueKind.Object && template.TryGetProperty("name", out JsonElement name)
                    && name.ValueKind == JsonValueKind.String && name.ValueEquals("default")
                    && template.TryGetProperty("template", out JsonElement text))
                    return config.Text("chat_template", text);
            return null;
        }
    }
}
