using Edge.Models;
using Edge.Text;

namespace Edge.Agent;

/// <summary>A model with what belongs to it: tokenizer and chat template.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(string path, Model model)
    {
        Path = path;
        Model = model;
        Text = new ModelText(path, model.Metadata);
    }

    public string Path { get; }
    public Model Model { get; }
    public ModelText Text { get; }
    public Tokenizer Tokenizer => Text.Tokenizer;
    public ChatTemplate Template => Text.Template;

    /// <summary>Errors: UserErrorException naming the file and what is wrong with it.</summary>
    public static LoadedModel Open(string path, ModelOptions options, Action<long, long>? progress = null)
    {
        ModelFile.Require(path);
        return new LoadedModel(path, ModelFile.Explain(path, () => Model.Load(path, options, progress)));
    }

    /// <summary>Token ids of a conversation, ready for generation.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages) => Text.EncodeChat(messages);

    public void Dispose() => Model.Dispose();
}
