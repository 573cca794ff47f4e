using System.CommandLine;
using System.Globalization;
using Edge.Text;

namespace Edge.Agent.Commands;

/// <summary>`edge tokenize`: text to token ids, or back with --decode.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var command = new Command("tokenize", "Show the tokens of a text; reads only the header of the model file.");
        var model = new Option<string>("--model", "-m")
        {
            Description = "The model: a GGUF file.", HelpName = "FILE", Required = true,
        };
        var text = new Argument<string?>("text")
        {
            Description = "The text; '-' reads stdin.", Arity = ArgumentArity.ZeroOrOne,
        };
        var decode = new Option<string?>("--decode")
        {
            Description = "Token ids to turn into text.", HelpName = "1,2,3",
        };
        var special = new Option<bool>("--special")
        {
            Description = "Text that spells a special token becomes that token, as in a prompt.",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object: ids, pieces, text." };
        command.Arguments.Add(text);
        foreach (Option option in (Option[])[model, decode, special, json]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if ((result.GetResult(text) is { Tokens.Count: > 0 }) == (result.GetResult(decode) is { Implicit: false }))
                result.AddError("tokenize needs either a text or --decode, one of them");
        });
        command.SetAction(parsed =>
        {
            string path = ModelFile.Named(parsed.GetRequiredValue(model));
            var file = ModelFile.OpenHeader(path);
            var tokenizer = ModelFile.Explain(path, () => Tokenizer.FromGguf(file.Metadata));
            string? input = parsed.GetValue(text) == "-" ? Console.In.ReadToEnd() : parsed.GetValue(text);
            var ids = parsed.GetValue(decode) is { } list
                ? TokenList.Parse(list, tokenizer.VocabularySize)
                : tokenizer.EncodeToIds(input!, addSpecial: false, parseSpecial: parsed.GetValue(special));
            var report = new TokenizeReport(ids, [.. ids.Select(tokenizer.TokenText)], tokenizer.Decode(ids));
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.TokenizeReport);
            else if (parsed.GetValue(decode) is not null) Console.Out.WriteLine(report.Text);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(TokenizeReport report)
    {
        for (int i = 0; i < report.Ids.Count; i++)
            Console.Out.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{report.Ids[i],8}  {report.Pieces[i]}"));
        Console.Error.WriteLine($"{report.Ids.Count} tokens");
    }
}
