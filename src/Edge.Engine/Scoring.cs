using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>Likelihood of a known text under a model.</summary>
public static class Scoring
{
    /// <summary>Windows of <paramref name="contextLength"/> tokens that move by <paramref name="stride"/>; every token
    /// but the first is scored once, by the first window that holds it. Progress: tokens scored. Errors:
    /// ArgumentOutOfRangeException for a context below 2 or a stride that is not within 1 and context - 1.
    /// <paramref name="stepWise"/>: a token per pass, as replies are made; what experts are at hand then decides as it
    /// does there.</summary>
    public static ScoringResult Score(Model model, Tokenizer tokenizer, IReadOnlyList<int> tokens, int contextLength,
        int stride, Action<long>? progress = null, bool stepWise = false, CancellationToken cancellation = default)
    {
        (double sum, long count) =
            NegativeLogLikelihood(model, tokens, contextLength, stride, progress, stepWise, cancellation);
        long bytes = 0;
        for (int i = 1; i < tokens.Count; i++) bytes += tokenizer.TokenBytes(tokens[i]).Length;
        return new ScoringResult(sum, count, bytes);
    }

    internal static (double Sum, long Count) NegativeLogLikelihood(Model model, IReadOnlyList<int> tokens,
        int contextLength, int stride, Action<long>? progress, bool stepWise, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stride, contextLength - 1);
        using KvCache cache = model.CreateCache(contextLength);
        var rows = new BatchRow[stepWise ? 1 : model.BatchRowsMax];
        double sum = 0;
        int scored = 1; // the first token has nothing before it
        for (int start = 0; scored < tokens.Count; start += stride)
        {
            int end = Math.Min(start + contextLength, tokens.Count);
            cache.Truncate(0);
            // The last token of the window is only predicted, never run.
            for (int at = start; at < end - 1; at += rows.Length)
            {
                cancellation.ThrowIfCancellationRequested();
                int n = Math.Min(rows.Length, end - 1 - at);
                for (int i = 0; i < n; i++) rows[i] = new BatchRow(tokens[at + i], cache, at + i + 1 >= scored);
                ReadOnlySpan<float> logits = model.Forward(rows.AsSpan(0, n));
                int vocabulary = model.Config.VocabularySize;
                for (; !logits.IsEmpty; logits = logits[vocabulary..])
                    sum += Surprise(logits[..vocabulary], tokens[scored++]);
                progress?.Invoke(scored - 1);
            }
        }
        return (sum, scored - 1);
    }

    // -log softmax(logits)[token], in double.
    internal static double Surprise(ReadOnlySpan<float> logits, int token)
    {
        double highest = double.NegativeInfinity;
        foreach (float x in logits) highest = Math.Max(highest, x);
        double sum = 0;
        foreach (float x in logits) sum += Math.Exp(x - highest);
        return highest + Math.Log(sum) - logits[token];
    }
}
