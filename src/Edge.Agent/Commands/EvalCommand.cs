using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

namespace Edge.Agent.Commands;

/// <summary>`edge eval`: exact-match accuracy over rows of prompts and expected replies.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var command = new Command(
            "eval", "Exact-match accuracy over a file of {\"prompt\",\"expected\"} rows, as fractions 0 to 1.");
        var model = new ModelArguments(command);
        var trace = new TraceArgument(command);
        var sampling = new SamplingArguments(command, maxTokens: 96);
        var draft = new DraftArguments(command);
        var data = new Option<string>("--data", "-d")
        {
            Description = "The rows: JSON lines.", HelpName = "FILE", Required = true,
        };
        var schema = new Option<string?>("--schema")
        {
            Description = "A JSON schema that every reply must satisfy; the report counts those that do.",
            HelpName = "FILE",
        };
        var limit = new Option<int>("--limit") { Description = "Only the first N rows; 0: all.", HelpName = "N" };
        var before = new PromptArguments(command);
        var wrong = new Option<bool>("--wrong") { Description = "Print the rows that are not exact to stderr." };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(limit, 0, int.MaxValue);
        foreach (Option option in (Option[])[data, schema, limit, wrong, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var rows = EvalRows.Read(parsed.GetRequiredValue(data), parsed.GetValue(limit));
            var form = parsed.GetValue(schema) is { } file ? SchemaFile.Read(file) : null;
            using var loaded = model.Load(
                parsed, draft: draft.Name(parsed), template: before.Template(parsed));
            using var recording = trace.Start(parsed, loaded);
            using var drafts = draft.Open(parsed, model.Options(parsed));
            using var generator = new LocalGenerator(loaded, speculation: drafts.Options);
            using var progress = new ProgressLine("rows");
            var score = new EvalScore(form?.Schema);
            var sampled = sampling.Read(parsed);
            long started = Stopwatch.GetTimestamp();
            long completion = 0, prompt = 0;
            foreach (var row in rows)
            {
                var ids = before.Encode(parsed, loaded, row.Prompt, form is not null);
                // Every row has a seed of its own, so that rows do not all draw the same lots.
                var own = sampled with { Seed = sampled.Seed + (ulong)score.Rows };
                var result = generator.Run(ids, own, sampling.MaxTokens(parsed), form?.Grammar);
                completion += result.CompletionTokens;
                prompt += result.PromptTokens;
                if (!score.Add(row.Expected, result.Text) && parsed.GetValue(wrong))
                    Console.Error.WriteLine($"{row.Prompt}\n  expected {row.Expected}\n  replied  {result.Text}");
                progress.Report(score.Rows, rows.Count);
            }
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            progress.Dispose();
            if (parsed.GetValue(json))
                JsonLine.Print(writer => WriteJson(writer, loaded, score, form, prompt, completion, seconds));
            else
                Print(score, form, completion, seconds);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(EvalScore score, SchemaFile? form, long completion, double seconds)
    {
        Console.Out.WriteLine($"rows          {score.Rows}");
        Console.Out.WriteLine($"exact, all    {100.0 * score.Exact / score.Rows:F1} %");
        foreach (var (name, share) in score.Fields) Console.Out.WriteLine($"exact, {name,-7}{100 * share:F1} %");
        if (form is not null) Console.Out.WriteLine($"valid         {score.Valid}");
        Console.Error.WriteLine($"{completion} tokens in {seconds:F1} s, {completion / seconds:F1} tokens/s");
    }

    private static void WriteJson(
        Utf8JsonWriter writer, LoadedModel loaded, EvalScore score, SchemaFile? form, long prompt, long completion,
        double seconds)
    {
        writer.WriteStartObject();
        writer.WriteString("model", ModelFile.NameOf(loaded.Path));
        writer.WriteNumber("rows", score.Rows);
        writer.WriteNumber("exact_all", (double)score.Exact / score.Rows);
        foreach (var (name, share) in score.Fields) writer.WriteNumber($"exact_{name}", share);
        if (form is not null) writer.WriteNumber("valid", score.Valid);
        writer.WriteNumber("prompt_tokens", prompt);
        writer.WriteNumber("completion_tokens", completion);
        // Generated tokens over all the time that the rows took, prompts included.
        writer.WriteNumber("tokens_per_second", completion / seconds);
        writer.WriteNumber("seconds", seconds);
        writer.WriteEndObject();
    }
}
