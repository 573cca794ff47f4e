using Edge.Gguf;
using Edge.Text;

namespace Edge.Agent;

/// <summary>What turns text into tokens and back, read when first needed, because some files have neither; its weights
/// need not be loaded.</summary>
internal sealed class ModelText
{
    private readonly string _path;
    private readonly Lazy<Tokenizer> _tokenizer;
    private readonly Lazy<ChatTemplate> _template;

    /// <summary><paramref name="template"/>: Jinja text instead of the file's own. <paramref name="warn"/> hears what
    /// of the file is left out.</summary>
    public ModelText(string path, GgufMetadata metadata, string? template = null, Action<string>? warn = null)
    {
        _path = path;
        _tokenizer = new(() =>
        {
            Tokenizer tokenizer = ModelFile.Explain(path, () => Tokenizer.FromGguf(metadata));
            foreach (string warning in tokenizer.Warnings) warn?.Invoke($"{path}: {warning}");
            return tokenizer;
        });
        _template = new(() => ModelFile.Explain(path, () => ChatTemplate.FromGguf(metadata, template)));
    }

    public Tokenizer Tokenizer => _tokenizer.Value;
    public ChatTemplate Template => _template.Value;

    /// <summary>Token ids of a conversation, ready for generation. <paramref name="isFormed"/>: a grammar forms the
    /// reply, so it begins with its answer, without thoughts in a channel of their own.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, bool isFormed = false)
    {
        // A reading that spells <|im_end|> must not end its own turn.
        ChatMessage[] shielded = [.. messages.Select(m => m with { Content = Tokenizer.Shield(m.Content) })];
        string text = ModelFile.Explain(_path, () => Template.Render(shielded));
        IReadOnlyList<int> prompt = Tokenizer.EncodeShielded(text);
        return isFormed && ReplyChannels.Find(Tokenizer) is { } channels
            ? [.. prompt, .. channels.AnswerPrefix(prompt)] : prompt;
    }

    /// <summary>Token ids of a text that goes on: begin of sequence where the file adds one, never an end.</summary>
    public IReadOnlyList<int> EncodeRaw(string text)
    {
        IReadOnlyList<int> ids = Tokenizer.EncodeToIds(text, addSpecial: false);
        return Tokenizer.AddsBos && Tokenizer.BosId is { } bos && (ids.Count == 0 || ids[0] != bos)
            ? [bos, .. ids] : ids;
    }
}
