using Edge.Gguf;

namespace Edge.Text;

/// <summary>The Jinja subset of common chat templates.</summary>
public sealed class ChatTemplate
{
    public static ChatTemplate Parse(string source) => throw new NotSupportedException();
    /// <summary>From tokenizer.chat_template, or ChatML where the file has none and its vocabulary has the ChatML tokens.</summary>
    public static ChatTemplate FromGguf(GgufMetadata metadata) => throw new NotSupportedException();
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true) => throw new NotSupportedException();
}
