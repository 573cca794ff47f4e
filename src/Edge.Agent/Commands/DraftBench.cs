using Edge.Engine;
using Edge.Text;

namespace Edge.Agent.Commands;

/// <summary>Greedy replies with drafts beside the same replies without, prompt by prompt in turn.</summary>
internal static class DraftBench
{
    private const int PromptsMax = 64, WarmUpTokens = 8;

    // Half of it has been said before it is said: what look-up is for.
    private const string Repetitive =
        "Repeat this list exactly, line by line, twice:\n" +
        "sensor 1: temperature 20.5 C, humidity 40 %\nsensor 2: temperature 21.5 C, humidity 41 %\n" +
        "sensor 3: temperature 22.5 C, humidity 42 %\nsensor 4: temperature 23.5 C, humidity 43 %\n";

    /// <summary><paramref name="data"/>: rows of prompts; null: a list to repeat.</summary>
    public static DraftReport Measure(LoadedModel loaded, DraftSetup draft, string name, string? data, int tokens)
    {
        string[] prompts = data is null
            ? [Repetitive] : [.. EvalRows.Read(data, PromptsMax).Select(row => row.Prompt)];
        using var plain = new LocalGenerator(loaded);
        using var drafted = new LocalGenerator(loaded, speculation: draft.Options);
        double plainSeconds = 0, draftedSeconds = 0;
        long completion = 0;
        bool identical = true;
        for (int i = -1; i < prompts.Length; i++)
        {
            IReadOnlyList<int> prompt = Encode(loaded, prompts[Math.Max(0, i)]);
            int length = i < 0 ? Math.Min(tokens, WarmUpTokens) : tokens;
            GenerationResult a = plain.Run(prompt, new SamplingOptions(), length, null);
            GenerationResult b = drafted.Run(prompt, new SamplingOptions(), length, null);
            identical &= a.Text == b.Text && a.CompletionTokens == b.CompletionTokens;
            if (i < 0) continue; // warm-up
            plainSeconds += Seconds(a);
            draftedSeconds += Seconds(b);
            completion += a.CompletionTokens;
        }
        var statistics = drafted.Speculation!;
        double plainTps = completion / plainSeconds, draftedTps = completion / draftedSeconds;
        return new DraftReport(
            name, draft.Options!.DraftMax, prompts.Length, completion, plainTps, draftedTps, draftedTps / plainTps,
            statistics.Drafted, statistics.Accepted,
            statistics.Drafted == 0 ? 0 : (double)statistics.Accepted / statistics.Drafted, statistics.TokensPerStep,
            identical, statistics.Problem);
    }

    public static void Print(DraftReport r)
    {
        Console.Out.WriteLine(
            $"drafts  {r.DraftedTps,10:F1} tokens/s, {r.PlainTps:F1} without ({r.Speedup:F2}x), {r.Draft}");
        Console.Out.WriteLine(
            $"        {r.Accepted} of {r.Drafted} drafts right, {r.TokensPerStep:F2} tokens a step, " +
            (r.Identical ? "replies identical" : "REPLIES DIFFER: please report this"));
        if (r.Problem is { } problem) Console.Error.WriteLine($"warn: {problem}");
    }

    private static IReadOnlyList<int> Encode(LoadedModel loaded, string prompt)
    {
        try
        {
            return loaded.EncodeChat([new ChatMessage("user", prompt)]);
        }
        catch (UserErrorException)
        {
            return loaded.Tokenizer.EncodeToIds(prompt); // a base model has no template: it goes on with the text
        }
    }

    // The whole reply, with what the draft model needs to read the prompt.
    private static double Seconds(GenerationResult result)
    {
        double decode = result.Timings.TokensPerSecond > 0
            ? (result.CompletionTokens - 1) / result.Timings.TokensPerSecond : 0;
        return result.Timings.PromptMs / 1000 + decode;
    }
}
