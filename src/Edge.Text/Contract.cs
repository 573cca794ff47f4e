using Edge.Gguf;

namespace Edge.Text;

/// <summary>Text to token ids and back. Members mirror Microsoft.ML.Tokenizers.Tokenizer so that an adapter is thin.</summary>
public sealed class Tokenizer
{
    public static Tokenizer FromGguf(GgufMetadata metadata) => throw new NotSupportedException();
    public int VocabularySize => throw new NotSupportedException();
    /// <summary>Ids; the model's begin-of-sequence token is added first where <paramref name="addSpecial"/> and the file asks for it;
    /// text that spells a special token becomes that token where <paramref name="parseSpecial"/>.</summary>
    public IReadOnlyList<int> EncodeToIds(string text, bool addSpecial = true, bool parseSpecial = true) => throw new NotSupportedException();
    public string Decode(IEnumerable<int> ids) => throw new NotSupportedException();
    public int CountTokens(string text) => throw new NotSupportedException();
    /// <summary>The bytes that the token stands for; empty for control tokens.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => throw new NotSupportedException();
    public string TokenText(int id) => throw new NotSupportedException();
    public bool IsControl(int id) => throw new NotSupportedException();
    /// <summary>End of generation: end-of-sequence, end-of-turn and the like.</summary>
    public bool IsEndOfGeneration(int id) => throw new NotSupportedException();
    public int? BosId => throw new NotSupportedException();
    public int? EosId => throw new NotSupportedException();
}

/// <summary>Bytes of tokens to whole characters: holds back half a character until the rest arrives. Allocates nothing per token.</summary>
public sealed class StreamingDetokenizer
{
    public StreamingDetokenizer(Tokenizer tokenizer) => throw new NotSupportedException();
    /// <summary>Writes the characters that became whole; returns their count. A token is at most <see cref="MaxCharsPerToken"/> characters.</summary>
    public int Append(int id, Span<char> destination) => throw new NotSupportedException();
    /// <summary>Writes U+FFFD for what was held back, if anything.</summary>
    public int Flush(Span<char> destination) => throw new NotSupportedException();
    public int MaxCharsPerToken => throw new NotSupportedException();
    public void Reset() => throw new NotSupportedException();
}

public sealed record ChatMessage(string Role, string Content);

/// <summary>A chat template that cannot be used; names construct, line and column.</summary>
public sealed class TemplateException(string message) : Exception(message);

/// <summary>The Jinja subset of common chat templates.</summary>
public sealed class ChatTemplate
{
    public static ChatTemplate Parse(string source) => throw new NotSupportedException();
    /// <summary>From tokenizer.chat_template, or ChatML where the file has none and its vocabulary has the ChatML tokens.</summary>
    public static ChatTemplate FromGguf(GgufMetadata metadata) => throw new NotSupportedException();
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true) => throw new NotSupportedException();
}
