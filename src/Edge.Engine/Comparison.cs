using Edge.Engine.Speculation;
using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>How far one model's predictions are from another's, over a text.</summary>
public static class Comparison
{
    /// <summary>Why two models of vocabularies of one size cannot be compared, with the remedy: a token means something
    /// else to each; null when all mean the same.</summary>
    public static string? VocabularyMismatch(Tokenizer a, Tokenizer b) =>
        DraftVocabulary.FindOtherToken(a, b) is { } id
            ? $"token {id} is '{a.TokenText(id)}' to A and '{b.TokenText(id)}' to B; only models with one vocabulary " +
                "can be compared: 'edge perplexity' gives bits per byte, which any two models may be judged by"
            : null;

    /// <summary>Runs both models over windows of <paramref name="contextLength"/> tokens, one after another; every
    /// position of a window but the last is compared. Progress: tokens done. Errors: ArgumentException when their
    /// vocabularies differ in size or the text has fewer than two tokens.</summary>
    public static ComparisonResult Run(Model a, Model b, IReadOnlyList<int> tokens, int contextLength,
        Action<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 2);
        int vocabulary = a.Config.VocabularySize;
        if (b.Config.VocabularySize != vocabulary)
            throw new ArgumentException($"the models have {vocabulary} and {b.Config.VocabularySize} tokens; only " +
                "models with one vocabulary can be compared", nameof(b));
        if (tokens.Count < 2) throw new ArgumentException("the text has fewer than two tokens", nameof(tokens));
        using KvCache cacheA = a.CreateCache(contextLength), cacheB = b.CreateCache(contextLength);
        int batch = Math.Min(Math.Min(a.BatchRowsMax, b.BatchRowsMax), contextLength);
        BatchRow[] rowsA = new BatchRow[batch], rowsB = new BatchRow[batch];
        var sum = new ComparisonResult();
        for (int start = 0; start < tokens.Count - 1; start += contextLength - 1)
        {
            int end = Math.Min(start + contextLength, tokens.Count) - 1;
            cacheA.Truncate(0);
            cacheB.Truncate(0);
            for (int at = start; at < end; at += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                int n = Math.Min(batch, end - at);
                for (int i = 0; i < n; i++)
                {
                    rowsA[i] = new BatchRow(tokens[at + i], cacheA, true);
                    rowsB[i] = new BatchRow(tokens[at + i], cacheB, true);
                }
                ReadOnlySpan<float> x = a.Forward(rowsA.AsSpan(0, n)), y = b.Forward(rowsB.AsSpan(0, n));
                for (int i = 0; i < n; i++)
                    sum.Add(x.Slice(i * vocabulary, vocabulary), y.Slice(i * vocabulary, vocabulary),
                        tokens[at + i + 1]);
                progress?.Invoke(sum.Tokens);
            }
        }
        return sum;
    }
}
