using System.Text.Json;
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

/// <summary>Where a schema cannot be used: keyword and JSON pointer.</summary>
public sealed record SchemaError(string Keyword, string Pointer, string Message);

/// <summary>A compiled grammar over bytes: what a constrained reply may look like. Immutable, shared between requests.</summary>
public sealed class Grammar
{
    /// <summary>Any JSON object.</summary>
    public static Grammar JsonObject { get; } = null!;
    public static bool TryFromJsonSchema(JsonElement schema, out Grammar? grammar, out SchemaError? error) => throw new NotSupportedException();
}

/// <summary>All tokens of a vocabulary as a byte trie; built once per model.</summary>
public sealed class TokenTrie
{
    public static TokenTrie Build(Tokenizer tokenizer) => throw new NotSupportedException();
    public int VocabularySize => throw new NotSupportedException();
}

/// <summary>State of one constrained reply: which tokens may come next. After warm-up a token allocates nothing.</summary>
public sealed class TokenConstraint
{
    public TokenConstraint(Grammar grammar, TokenTrie trie, Tokenizer tokenizer) => throw new NotSupportedException();
    /// <summary>Sets bit i of <paramref name="mask"/> (64 tokens a word) where token i may come next; end-of-generation tokens only when
    /// <see cref="CanEnd"/>. The budget keeps the reply closable: with few tokens left only continuations that still fit are allowed.</summary>
    public void FillMask(Span<ulong> mask, int tokensLeft) => throw new NotSupportedException();
    /// <summary>Advances by a token; false (state unchanged) when the token is not allowed.</summary>
    public bool Accept(int token) => throw new NotSupportedException();
    /// <summary>The text so far is a whole, valid reply.</summary>
    public bool CanEnd => throw new NotSupportedException();
    /// <summary>The text is whole and nothing but the end may follow.</summary>
    public bool MustEnd => throw new NotSupportedException();
    public void Reset() => throw new NotSupportedException();
}
