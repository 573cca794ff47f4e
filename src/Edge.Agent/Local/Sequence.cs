using Edge.Models;

namespace Edge.Agent;

/// <summary>Runs tokens of one sequence through a model in batches, for the commands that look at logits themselves.</summary>
internal sealed class Sequence(Model model, int contextLength) : IDisposable
{
    private readonly KvCache _cache = model.CreateCache(contextLength);
    private readonly BatchRow[] _rows = new BatchRow[model.BatchRowsMax];

    /// <summary>Runs the tokens; <paramref name="onLogits"/> receives (index of the token, its logits) for every token, or for
    /// the last alone.</summary>
    public void Run(IReadOnlyList<int> tokens, bool everyToken, Action<int, ReadOnlySpan<float>> onLogits)
    {
        int vocabulary = model.Config.VocabularySize;
        for (int start = 0; start < tokens.Count; start += _rows.Length)
        {
            int count = Math.Min(_rows.Length, tokens.Count - start);
            for (int i = 0; i < count; i++)
                _rows[i] = new BatchRow(tokens[start + i], _cache, everyToken || start + i == tokens.Count - 1);
            var logits = model.Forward(_rows.AsSpan(0, count));
            for (int i = 0, row = 0; i < count; i++)
                if (_rows[i].WantsLogits)
                    onLogits(start + i, logits.Slice(row++ * vocabulary, vocabulary));
        }
    }

    /// <summary>Runs one token and returns the likeliest next one, without allocating.</summary>
    public int Step(int token)
    {
        _rows[0] = new BatchRow(token, _cache, WantsLogits: true);
        return ArgMax(model.Forward(_rows.AsSpan(0, 1)));
    }

    public void Reset() => _cache.Truncate(0);

    public void Dispose() => _cache.Dispose();

    private static int ArgMax(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        return best;
    }
}
