using System.CommandLine;
using System.Diagnostics;
using Edge.Engine;

namespace Edge.Agent.Commands;

/// <summary>`edge perplexity`: how well a model predicts a text.</summary>
internal static class PerplexityCommand
{
    public static Command Create()
    {
        var command = new Command("perplexity", "Measure how well a model predicts a text file.");
        var model = new ModelArguments(command);
        var text = new TextArguments(command, "the model's context");
        var stepWise = new Option<bool>("--step-wise")
        {
            Description = "One token per pass, as replies are made: with --memory and --experts balanced or fast the "
                + "result depends on which experts are at hand, and passes of many tokens cannot see that.",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        foreach (Option option in (Option[])[stepWise, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string path = text.Require(parsed);
            using var loaded = model.Load(parsed);
            var ids = text.Read(parsed, loaded.Tokenizer);
            if (ids.Count < 2) throw new UserErrorException($"{path} has fewer than two tokens; nothing to predict");
            int window = text.Window(parsed, loaded.Model.Config.ContextLength);
            var report = Measure(loaded, ids, window, parsed.GetValue(stepWise));
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.PerplexityReport);
            else Print(report, loaded.Model.Stream is not null);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Windows that overlap by half: every token has at least half a window before it, the first ones
    /// excepted.</summary>
    private static PerplexityReport Measure(LoadedModel loaded, IReadOnlyList<int> ids, int window, bool stepWise)
    {
        using var progress = new ProgressLine("tokens");
        long started = Stopwatch.GetTimestamp(), readBefore = loaded.Model.Traffic.BytesRead;
        var score = Scoring.Score(
            loaded.Model, loaded.Tokenizer, ids, window, Math.Max(1, window / 2),
            done => progress.Report(done, ids.Count), stepWise);
        NotFinite.Refuse(loaded.Path, score.Perplexity);
        // Weights read for one byte of text: what decoding it takes, in time and energy, on a machine bound by memory,
        // or by storage where they stream.
        double read = loaded.Model.Stream is null ? (double)loaded.Model.WeightBytesPerToken * score.Tokens
            : loaded.Model.Traffic.BytesRead - readBefore;
        double weightBytes = read / Math.Max(1, score.Bytes);
        return new PerplexityReport(
            ModelFile.NameOf(loaded.Path), ids.Count, score.Tokens,
            score.NegativeLogLikelihood / Math.Max(1, score.Tokens),
            score.Perplexity, score.BitsPerByte, window, score.Tokens / Stopwatch.GetElapsedTime(started).TotalSeconds,
            weightBytes, (8 - score.BitsPerByte) / Math.Log2(8 * Math.Max(1, weightBytes)));
    }

    private static void Print(PerplexityReport report, bool streams) =>
        Console.Out.WriteLine(
            $"perplexity {report.Perplexity:F4} " +
            $"({report.NatsPerToken:F4} nats/token, {report.BitsPerByte:F4} bits/byte) over " +
            $"{report.ScoredTokens} tokens in windows of {report.ContextLength}, " +
            $"{report.TokensPerSecond:F1} tokens/s; {report.WeightBytesPerTextByte:F0} " +
            $"weight bytes {(streams ? "read from storage " : "")}per text byte, capacity {report.Capacity:F4}");
}
