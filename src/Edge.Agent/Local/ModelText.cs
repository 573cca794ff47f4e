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

    public ModelText(string path, GgufMetadata metadata)
    {
        _path = path;
        _tokenizer = new(() => ModelFile.Explain(path, () => Tokenizer.FromGguf(metadata)));
        _template = new(() => ModelFile.Explain(path, () => ChatTemplate.FromGguf(metadata)));
    }

    public Tokenizer Tokenizer => _tokenizer.Value;
    public ChatTemplate Template => _template.Value;

    /// <summary>Token ids of a conversation, ready for generation.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages)
    {
        // A reading that spells <|im_end|> must not end its own turn.
        ChatMessage[] shielded = [.. messages.Select(m => m with { Content = Tokenizer.Shield(m.Content) })];
        string text = ModelFile.Explain(_path, () => Template.Render(shielded));
        return Tokenizer.EncodeShielded(text);
    }
}
