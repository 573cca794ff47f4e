using System.CommandLine;
using System.Runtime.InteropServices;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge logits`: raw little-endian float32 logits, to compare engines with.</summary>
internal static class LogitsCommand
{
    public static Command Create()
    {
        var command = new Command("logits", "Write the logits after a prompt as raw little-endian float32.");
        var model = new ModelArguments(command);
        var tokens = new Option<string?>("--tokens") { Description = "The prompt as token ids.", HelpName = "1,2,3" };
        var prompt = new Option<string?>("--prompt", "-p")
        {
            Description = "The prompt as text, special tokens included; no chat template.", HelpName = "TEXT",
        };
        var all = new Option<bool>("--all") { Description = "The logits of every position, not of the last alone." };
        var output = new Option<string>("--out", "-o")
        {
            Description = "The file to write.", HelpName = "FILE", Required = true,
        };
        foreach (Option option in (Option[])[tokens, prompt, all, output]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if ((result.GetResult(tokens) is not null) == (result.GetResult(prompt) is not null))
                result.AddError("logits needs either --tokens or --prompt, one of them");
        });
        command.SetAction(parsed =>
        {
            using var loaded = model.Load(parsed);
            var ids = parsed.GetValue(tokens) is { } list
                ? TokenList.Parse(list, loaded.Model.Config.VocabularySize)
                : loaded.Tokenizer.EncodeToIds(parsed.GetValue(prompt)!);
            int limit = loaded.Model.Config.ContextLength;
            if (ids.Count == 0) throw new UserErrorException("the prompt has no tokens", ExitCode.Usage);
            if (ids.Count > limit)
                throw new UserErrorException($"the prompt has {ids.Count} tokens, the model's context holds {limit}");
            Write(loaded, ids, parsed.GetValue(all), parsed.GetRequiredValue(output));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(LoadedModel loaded, IReadOnlyList<int> ids, bool all, string path)
    {
        var model = loaded.Model;
        int vocabulary = model.Config.VocabularySize;
        using var file = File.Create(path);
        using var cache = model.CreateCache(ids.Count);
        using var progress = new ProgressLine("positions");
        var rows = new BatchRow[model.BatchRowsMax];
        long written = 0;
        for (int start = 0; start < ids.Count; start += rows.Length)
        {
            int count = Math.Min(rows.Length, ids.Count - start);
            for (int i = 0; i < count; i++)
                rows[i] = new BatchRow(ids[start + i], cache, WantsLogits: all || start + i == ids.Count - 1);
            var logits = model.Forward(rows.AsSpan(0, count));
            file.Write(MemoryMarshal.AsBytes(logits)); // Every machine that this runs on is little-endian.
            written += logits.Length / vocabulary;
            progress.Report(start + count, ids.Count);
        }
        file.Flush(); // A full disk is noticed before success is claimed.
        Console.Error.WriteLine($"{written} x {vocabulary} logits of {ids.Count} tokens in {path}");
    }
}
