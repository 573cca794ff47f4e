using Edge.Gguf;
using Edge.Models;
using Edge.Text;

namespace Edge.Agent;

/// <summary>A model with what belongs to it: tokenizer and chat template are read when first needed, because some files
/// have neither.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly Lazy<Tokenizer> _tokenizer;
    private readonly Lazy<ChatTemplate> _template;

    private LoadedModel(string path, Model model)
    {
        Path = path;
        Model = model;
        _tokenizer = new(() => ModelFile.Explain(path, () => Tokenizer.FromGguf(model.Metadata)));
        _template = new(() => ModelFile.Explain(path, () => ChatTemplate.FromGguf(model.Metadata)));
    }

    public string Path { get; }
    public Model Model { get; }
    public Tokenizer Tokenizer => _tokenizer.Value;
    public ChatTemplate Template => _template.Value;

    /// <summary>Errors: UserErrorException naming the file and what is wrong with it.</summary>
    public static LoadedModel Open(string path, ModelOptions options, Action<long, long>? progress = null)
    {
        ModelFile.Require(path);
        return new LoadedModel(path, ModelFile.Explain(path, () => Model.Load(path, options, progress)));
    }

    /// <summary>Token ids of a conversation, ready for generation. <paramref name="isFormed"/>: a grammar forms the
    /// reply, so it begins with its answer, without thoughts in a channel of their own.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, bool isFormed)
    {
        // A reading that spells <|im_end|> must not end its own turn.
        ChatMessage[] shielded = [.. messages.Select(m => m with { Content = Tokenizer.Shield(m.Content) })];
        string text = ModelFile.Explain(Path, () => Template.Render(shielded));
        IReadOnlyList<int> prompt = Tokenizer.EncodeShielded(text);
        return isFormed && ReplyChannels.Find(Tokenizer) is { } channels
            ? [.. prompt, .. channels.AnswerPrefix(prompt)] : prompt;
    }

    public void Dispose() => Model.Dispose();
}
