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

    private LoadedModel(string path, Model model, string? template, Action<string>? warn)
    {
        Path = path;
        Model = model;
        _tokenizer = new(() =>
        {
            Tokenizer tokenizer = ModelFile.Explain(path, () => Tokenizer.FromGguf(model.Metadata));
            foreach (string warning in tokenizer.Warnings) warn?.Invoke($"{path}: {warning}");
            return tokenizer;
        });
        _template = new(() => ModelFile.Explain(path, () => ChatTemplate.FromGguf(model.Metadata, template)));
    }

    public string Path { get; }
    public Model Model { get; }
    public Tokenizer Tokenizer => _tokenizer.Value;
    public ChatTemplate Template => _template.Value;

    /// <summary><paramref name="template"/>: Jinja text instead of the file's own. Errors: UserErrorException naming
    /// the file and what is wrong with it.</summary>
    public static LoadedModel Open(
        string path, ModelOptions options, Action<long, long>? progress = null, string? template = null)
    {
        ModelFile.Require(path);
        Model model = ModelFile.Explain(path, () => Model.Load(path, options, progress));
        return new LoadedModel(path, model, template, options.Warn);
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

    /// <summary>Token ids of a text that goes on: begin of sequence where the file adds one, never an end.</summary>
    public IReadOnlyList<int> EncodeRaw(string text)
    {
        IReadOnlyList<int> ids = Tokenizer.EncodeToIds(text, addSpecial: false);
        return Tokenizer.AddsBos && Tokenizer.BosId is { } bos && (ids.Count == 0 || ids[0] != bos)
            ? [bos, .. ids] : ids;
    }

    public void Dispose() => Model.Dispose();
}
