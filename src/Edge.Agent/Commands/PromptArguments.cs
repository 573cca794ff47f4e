using System.CommandLine;
using Edge.Text;

namespace Edge.Agent.Commands;

/// <summary>The options that make a model's prompt of a text.</summary>
internal sealed class PromptArguments
{
    private readonly Option<string?> _system = new("--system")
    {
        Description = "A system message before it.", HelpName = "TEXT",
    };

    private readonly Option<string?> _template = new("--template")
    {
        Description = TemplateSource.Help, HelpName = "FILE",
    };

    private readonly Option<bool> _raw = new("--raw")
    {
        Description = "The text as it stands, without a chat template: base models go on with it.",
    };

    public PromptArguments(Command command)
    {
        foreach (Option option in (Option[])[_system, _template, _raw]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            bool hasMore = result.GetValue(_system) is not null || result.GetValue(_template) is not null;
            if (result.GetValue(_raw) && hasMore)
                result.AddError("--raw takes the text as it stands; leave out --system and --template");
        });
    }

    /// <summary>Jinja text; null: the model's own template. Errors: UserErrorException.</summary>
    public string? Template(ParseResult parsed) => TemplateSource.Read(parsed.GetValue(_template));

    /// <summary>Token ids, ready for generation. Errors: UserErrorException where the model has no template or it
    /// refuses the messages.</summary>
    public IReadOnlyList<int> Encode(ParseResult parsed, LoadedModel loaded, string text, bool isFormed)
    {
        if (parsed.GetValue(_raw)) return loaded.Text.EncodeRaw(text);
        List<ChatMessage> messages = [];
        if (parsed.GetValue(_system) is { } before) messages.Add(new ChatMessage("system", before));
        messages.Add(new ChatMessage("user", text));
        return loaded.EncodeChat(messages, isFormed);
    }
}
