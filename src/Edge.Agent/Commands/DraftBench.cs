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

    /// <summary>Replies are made with drafts and without, side by side.</summary>
    public const int Sequences = 2;

    /// <summary>Tokens that the longest prompt and its reply of <paramref name="tokens"/> take, known before the model
    /// is loaded. <paramref name="data"/>: rows of prompts; null: a list to repeat.</summary>
    public static int Context(string path, string? data, int tokens)
    {
        var text = new ModelText(path, ModelFile.OpenHeader(path).Metadata);
        int longest = 0;
        foreach (string prompt in Prompts(data)) longest = Math.Max(longest, Encode(text, prompt).Count);
        return longest + tokens;
    }

    /// <summary><paramref name="data"/> as above; <paramref name="context"/>: of each reply; 0: what the model
    /// has.</summary>
    public static DraftReport Measure(
        LoadedModel loaded, DraftSetup draft, string name, string? data, int tokens, int context)
    {
        string[] prompts = Prompts(data);
        using var plain = new LocalGenerator(loaded, context);
        using var drafted = new LocalGenerator(loaded, context, draft.Options);
        double plainSeconds = 0, draftedSeconds = 0;
        long completion = 0;
        bool identical = true;
        for (int i = -1; i < prompts.Length; i++)
        {
            IReadOnlyList<int> prompt = Encode(loaded.Text, prompts[Math.Max(0, i)]);
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

    private static string[] Prompts(string? data) => data is null
        ? [Repetitive] : [.. EvalRows.Read(data, PromptsMax).Select(row => row.Prompt)];

    private static IReadOnlyList<int> Encode(ModelText text, string prompt)
    {
        try
        {
            return text.EncodeChat([new ChatMessage("user", prompt)]);
        }
        catch (UserErrorException)
        {
            return text.Tokenizer.EncodeToIds(prompt); // a base model has no template: it goes on with the text
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
