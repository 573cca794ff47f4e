using System.CommandLine;
using System.Globalization;
using Edge.Engine;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge compare`: how far a model is from another one of the same vocabulary, over a text.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var command = new Command("compare",
            "Compare two models of one vocabulary over a text: divergence, agreement, largest error.");
        var first = new Argument<string>("A") { Description = "The model to compare with: a GGUF file." };
        var second = new Argument<string>("B") { Description = "The other one, such as a packed copy." };
        var text = new TextArguments(command, "what both models have");
        var threads = new Option<int>("--threads", "-t")
        {
            Description = "Worker threads; 0: one per core.", HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(threads, 0, 256);
        command.Arguments.Add(first);
        command.Arguments.Add(second);
        foreach (Option option in (Option[])[threads, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            text.Require(parsed);
            var options = new ModelOptions { Threads = parsed.GetValue(threads) };
            using LoadedModel a = Load(parsed.GetRequiredValue(first), options);
            using LoadedModel b = Load(parsed.GetRequiredValue(second), options);
            if (a.Model.Config.VocabularySize == b.Model.Config.VocabularySize
                && Comparison.VocabularyMismatch(a.Tokenizer, b.Tokenizer) is { } mismatch)
                throw new UserErrorException($"A is {a.Path}, B is {b.Path}: {mismatch}");
            var ids = text.Read(parsed, a.Tokenizer);
            int limit = Math.Min(a.Model.Config.ContextLength, b.Model.Config.ContextLength);
            CompareReport report = Compare(a, b, ids, text.Window(parsed, limit));
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.CompareReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static LoadedModel Load(string path, ModelOptions options)
    {
        path = ModelFile.Named(path);
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
            NotFinite.Refuse(a.Path, result.NatsPerTokenA);
            NotFinite.Refuse(b.Path, result.NatsPerTokenB);
            NotFinite.Refuse($"{a.Path}, {b.Path}", result.MeanDivergence, result.MaxDivergence, result.MaxLogitError);
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
