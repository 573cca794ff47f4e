using Edge.Models;
using Edge.Text;

namespace Edge.Agent;

/// <summary>A model with what belongs to it: tokenizer and chat template.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(string path, Model model, ModelText text) => (Path, Model, Text) = (path, model, text);

    public string Path { get; }
    public Model Model { get; }
    public ModelText Text { get; }
    public Tokenizer Tokenizer => Text.Tokenizer;
    public ChatTemplate Template => Text.Template;

    /// <summary><paramref name="template"/>: Jinja text instead of the file's own. Errors: UserErrorException naming
    /// the file and what is wrong with it.</summary>
    public static LoadedModel Open(
        string path, ModelOptions options, Action<long, long>? progress = null, string? template = null)
    {
        ModelFile.Require(path);
        Model model = ModelFile.Explain(path, () => Model.Load(path, options, progress));
        return new LoadedModel(path, model, new ModelText(path, model.Metadata, template, options.Warn));
    }

    /// <summary>As <see cref="ModelText.EncodeChat"/>.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, bool isFormed = false) =>
        Text.EncodeChat(messages, isFormed);

    public void Dispose() => Model.Dispose();
}
