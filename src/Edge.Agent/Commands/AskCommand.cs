using System.CommandLine;
using Edge.Engine;

namespace Edge.Agent.Commands;

/// <summary>`edge ask`: one question to a model on this machine, without a broker.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var command = new Command("ask", "Ask a model once, without a broker; the reply streams to stdout.");
        var model = new ModelArguments(command);
        var trace = new TraceArgument(command);
        var sampling = new SamplingArguments(command, maxTokens: 256);
        var draft = new DraftArguments(command);
        var prompt = new Option<string>("--prompt", "-p")
        {
            Description = "What to ask; '-' reads stdin.", HelpName = "TEXT", Required = true,
        };
        var before = new PromptArguments(command);
        var schema = new Option<string?>("--schema")
        {
            Description = "A JSON schema that the reply must satisfy.", HelpName = "FILE",
        };
        var context = new Option<int>("--context")
        {
            Description = "Tokens of prompt and reply together; 0: the model's own limit.", HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of streamed text." };
        Validate.Between(context, 0, 1 << 24);
        foreach (Option option in (Option[])[prompt, schema, context, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string text = parsed.GetRequiredValue(prompt);
            if (text == "-") text = Console.In.ReadToEnd();
            var form = parsed.GetValue(schema) is { } file ? SchemaFile.Read(file) : null;
            using var loaded = model.Load(
                parsed, parsed.GetValue(context), draft.Name(parsed), before.Template(parsed));
            using var recording = trace.Start(parsed, loaded);
            using var drafts = draft.Open(parsed, model.Options(parsed));
            int tokens = Validate.Context(parsed.GetValue(context), loaded.Model.Config.ContextLength, absent: 0);
            using var generator = new LocalGenerator(loaded, tokens, drafts.Options);
            bool asJson = parsed.GetValue(json);
            using var live = new LiveLine(repliesHere: !asJson);
            var ids = before.Encode(parsed, loaded, text, form is not null);
            var result = generator.Run(ids, sampling.Read(parsed), sampling.MaxTokens(parsed), form?.Grammar,
                delta =>
                {
                    if (!asJson) Console.Out.Write(delta);
                    if (loaded.Model.Stream is { } stream) live.Show(() => StreamText.Of(stream));
                });
            live.Dispose();
            if (generator.Speculation?.Problem is { } problem) Console.Error.WriteLine($"warn: {problem}");
            if (asJson) Print(loaded, result);
            else PrintStatistics(loaded, result);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void PrintStatistics(LoadedModel loaded, GenerationResult result)
    {
        Console.Out.WriteLine();
        var timings = result.Timings;
        Console.Error.WriteLine(
            $"{result.PromptTokens} prompt tokens in {timings.PromptMs:F1} ms, {result.CompletionTokens} tokens at " +
            $"{timings.TokensPerSecond:F1} tokens/s, ended by {result.Reason.ToString().ToLowerInvariant()}" +
            (timings.Drafted > 0 ? $"; {timings.Accepted} of {timings.Drafted} drafts right" : ""));
        if (result is { Text.Length: 0, Reason: FinishReason.Length })
            Console.Error.WriteLine("no answer yet: the reply ended before it; raise --max-tokens");
        if (loaded.Model.Stream is { } stream) Console.Error.WriteLine(StreamText.Of(stream));
    }

    private static void Print(LoadedModel loaded, GenerationResult result) =>
        JsonLine.Print(
            new AskReport(
                ModelFile.NameOf(loaded.Path), result.Text, result.Reason.ToString().ToLowerInvariant(),
                result.PromptTokens, result.CompletionTokens, result.Timings.PromptMs, result.Timings.TtftMs,
                result.Timings.TokensPerSecond, result.Timings.Drafted, result.Timings.Accepted),
            AgentJson.Default.AskReport);
}
