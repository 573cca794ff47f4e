using Edge.Gguf;

namespace Edge.Text;

/// <summary>The Jinja subset of common chat templates, with blocks trimmed as the transformers library has it. Parsed
/// once, rendered by any number of threads; time, memory and output are bounded, whatever the template says.</summary>
public sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    private ChatTemplate(string source) => (Source, _body) = (source, StatementParser.Parse(source));

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>What <c>bos_token</c> is; empty where the model has none.</summary>
    public string BosToken { get; init; } = "";

    /// <summary>What <c>eos_token</c> is; empty where the model has none.</summary>
    public string EosToken { get; init; } = "";

    /// <summary>The clock of <c>strftime_now</c>.</summary>
    private Func<DateTimeOffset> Now { get; init; } = static () => DateTimeOffset.Now;

    /// <summary>Errors: TemplateException naming the construct, line and column.</summary>
    public static ChatTemplate Parse(string source) => new(source);

    /// <summary>From <paramref name="source"/>, else from tokenizer.chat_template, or ChatML where the file has none
    /// and its vocabulary has the ChatML tokens. Errors: TemplateException; GgufException where there is no template to
    /// be had.</summary>
    public static ChatTemplate FromGguf(GgufMetadata metadata, string? source = null)
    {
        IReadOnlyList<string> tokens = metadata.FindStrings(TokenizerMetadata.TokensKey) ?? [];
        bool chatMl = tokens.Contains("<|im_start|>") && tokens.Contains("<|im_end|>");
        source ??= metadata.FindString("tokenizer.chat_template") ?? (chatMl ? KnownTemplates.ChatMl
            : throw new GgufException("tokenizer.chat_template is missing and the vocabulary has no <|im_start|>; " +
                "take an instruct model, name its template (--template FILE, or one of " +
                $"{KnownTemplates.Names}; 'edge run': inference.template), or let a base model go on with a text " +
                "('edge ask --raw')", 0));
        return new(source)
        {
            BosToken = Spelling(metadata, TokenizerMetadata.BosKey, tokens),
            EosToken = Spelling(metadata, TokenizerMetadata.EosKey, tokens),
        };
    }

    /// <summary>The prompt for <paramref name="messages"/>; with <paramref name="addGenerationPrompt"/> it ends where
    /// the assistant begins. <paramref name="flags"/> are further variables, such as enable_thinking. Errors:
    /// TemplateException, with the template's own message where it refuses the messages.</summary>
    public string Render(
        IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true,
        IReadOnlyDictionary<string, bool>? flags = null)
    {
        var variables = new Dictionary<string, object?>
        {
            ["messages"] = new TemplateList([.. messages.Select(Value)]),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["bos_token"] = BosToken,
            ["eos_token"] = EosToken,
            ["tools"] = null,
        };
        foreach ((string name, bool flag) in flags ?? new Dictionary<string, bool>()) variables[name] = flag;
        return Render(variables);
    }

    /// <summary>With a clock that stands, so that what <c>strftime_now</c> writes can be tested.</summary>
    internal static ChatTemplate At(string source, DateTimeOffset now) => new(source) { Now = () => now };

    internal string Render(IReadOnlyDictionary<string, object?> variables)
    {
        var globals = new TemplateScope(null);
        Globals.AddTo(globals);
        foreach ((string name, object? value) in variables) globals[name] = value;
        var context = new RenderContext(new(globals), Now);
        Statement.ExecuteAll(_body, context);
        return context.Output.ToString();
    }

    private static TemplateMap Value(ChatMessage message)
    {
        var map = new TemplateMap();
        map.Items["role"] = message.Role;
        map.Items["content"] = message.Content;
        return map;
    }

    private static string Spelling(GgufMetadata metadata, string key, IReadOnlyList<string> tokens) =>
        metadata.FindInteger(key) is { } id && id >= 0 && id < tokens.Count ? tokens[(int)id] : "";
}
