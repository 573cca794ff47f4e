using System.CommandLine;
using Edge.Text;

namespace Edge.Agent.Commands;

/// <summary>A text that models are measured over: --file, --context, --special.</summary>
internal sealed class TextArguments
{
    private const long BytesMax = 256L * 1024 * 1024;
    private const int WindowDefault = 512;

    private readonly Option<string> _file = new("--file", "-f")
    {
        Description = "The text, UTF-8.", HelpName = "FILE", Required = true,
    };

    private readonly Option<bool> _special = new("--special")
    {
        Description = "Chat markers in the text are meant as such, not as their letters.",
    };

    private readonly Option<int> _context;

    /// <param name="command">Gets the options.</param>
    /// <param name="whose">Whose context a window has at most, for the description.</param>
    public TextArguments(Command command, string whose)
    {
        _context = new Option<int>("--context")
        {
            Description = $"Tokens of one window; 0: {whose}, at most {WindowDefault}.", HelpName = "N",
        };
        Validate.Between(_context, 0, 1 << 24);
        foreach (Option option in (Option[])[_file, _context, _special]) command.Options.Add(option);
    }

    /// <summary>The file, found to be there before a model is loaded. Errors: UserErrorException.</summary>
    public string Require(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(_file);
        InputFile.Require(path, "--file takes a text file", BytesMax);
        return path;
    }

    public IReadOnlyList<int> Read(ParseResult parsed, Tokenizer tokenizer) => tokenizer.EncodeToIds(
        File.ReadAllText(parsed.GetRequiredValue(_file)), addSpecial: false, parseSpecial: parsed.GetValue(_special));

    /// <summary>Tokens of a window, at most <paramref name="limit"/>. Errors: UserErrorException.</summary>
    public int Window(ParseResult parsed, int limit) =>
        Validate.Context(parsed.GetValue(_context), limit, WindowDefault);
}
