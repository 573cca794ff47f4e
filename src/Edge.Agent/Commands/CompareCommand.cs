using System.CommandLine;
using System.Globalization;
using Edge.Engine;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge compare`: how far a model is from another one of the same vocabulary, over a text.</summary>
internal static class CompareCommand
{
    private const long FileBytesMax = 256L * 1024 * 1024;
    private const int WindowDefault = 512;

    public static Command Create()
    {
        var command = new Command("compare",
            "Compare two models of one vocabulary over a text: divergence, agreement, largest error.");
        var first = new Argument<string>("A") { Description = "The model to compare with: a GGUF file." };
        var second = new Argument<string>("B") { Description = "The other one, such as a packed copy." };
        var file = new Option<string>("--file", "-f")
        {
            Description = "The text, UTF-8.", HelpName = "FILE", Required = true,
        };
        var context = new Option<int>("--context")
        {
            Description = "Tokens of one window; 0: what both models have, at most 512.", HelpName = "N",
        };
        var special = new Option<bool>("--special")
        {
            Description = "Chat markers in the text are meant as such, not as their letters.",
        };
        var threads = new Option<int>("--threads", "-t")
        {
            Description = "Worker threads; 0: one per core.", HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(context, 0, 1 << 24);
        Validate.Between(threads, 0, 256);
        command.Arguments.Add(first);
        command.Arguments.Add(second);
        foreach (Option option in (Option[])[file, context, special, threads, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            InputFile.Require(path, "--file takes a text file", FileBytesMax);
            var options = new ModelOptions { Threads = parsed.GetValue(threads) };
            using LoadedModel a = Load(parsed.GetRequiredValue(first), options);
            using LoadedModel b = Load(parsed.GetRequiredValue(second), options);
            var ids = a.Tokenizer.EncodeToIds(File.ReadAllText(path), addSpecial: false,
                parseSpecial: parsed.GetValue(special));
            int limit = Math.Min(a.Model.Config.ContextLength, b.Model.Config.ContextLength);
            int window = Validate.Context(parsed.GetValue(context), limit, WindowDefault);
            CompareReport report = Compare(a, b, ids, window);
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.CompareReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static LoadedModel Load(string path, ModelOptions options)
    {
        ModelFile.Require(path);
        return LoadedModel.Open(path,
            MemoryAdmission.Admit(path, options, context: 0, sequences: 1, Console.Error.WriteLine));
    }

    private static CompareReport Compare(LoadedModel a, LoadedModel b, IReadOnlyList<int> ids, int window)
    {
        using var progress = new ProgressLine("tokens");
        try
        {
            ComparisonResult result = Comparison.Run(a.Model, b.Model, ids, window,
                done => progress.Report(done, ids.Count));
            return new CompareReport(ModelFile.NameOf(a.Path), ModelFile.NameOf(b.Path), result.Tokens,
                result.MeanDivergence, result.MaxDivergence, result.TopAgreement, result.MaxLogitError,
                result.NatsPerTokenA, result.NatsPerTokenB, window);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(Sentence.Of(e));
        }
    }

    private static void Print(CompareReport report) => Console.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        tokens             {report.Tokens}
        KL(A || B)         {report.MeanKl:E3} nats per token, at most {report.MaxKl:E3}
        same first choice  {100 * report.TopAgreement:F2} %
        logits differ by   at most {report.MaxLogitError:F4}
        nats per token     A {report.NatsPerTokenA:F4}, B {report.NatsPerTokenB:F4}
        """));
}
