namespace Edge.Models.Pack;

/// <summary>Runs a text through a model to learn which columns of its matrices matter.</summary>
public static unsafe class Calibration
{
    /// <summary>Rows of a window whose logits are computed: enough for the head's columns.</summary>
    private const int HeadInterval = 8;

    /// <summary>Runs windows of <paramref name="window"/> tokens, spread evenly over the text, until
    /// <paramref name="tokensMax"/> are run; progress: (tokens run, in all). Errors: ArgumentException for a model that
    /// streams its weights or a text without tokens; OperationCanceledException.</summary>
    public static Importance Run(Model model, IReadOnlyList<int> tokens, int window, int tokensMax,
        Action<long, long>? progress = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (tokens.Count == 0) throw new ArgumentException("the calibration text has no tokens", nameof(tokens));
        if (model is not Transformer transformer || model.Stream is not null)
            throw new ArgumentException("only a model that is wholly in memory can be calibrated", nameof(model));
        var importance = new Importance();
        transformer.Record(importance.Add);
        using KvCache cache = model.CreateCache(window);
        var rows = new BatchRow[Math.Min(model.BatchRowsMax, window)];
        int windows = (tokens.Count + window - 1) / window;
        int used = Math.Clamp(tokensMax / window, 1, windows);
        long all = Math.Min(tokens.Count, (long)used * window);
        try
        {
            for (int w = 0; w < used; w++)
            {
                int start = (int)((long)windows * w / used) * window, end = Math.Min(start + window, tokens.Count);
                cache.Truncate(0);
                for (int at = start; at < end; at += rows.Length)
                {
                    cancel.ThrowIfCancellationRequested();
                    int n = Math.Min(rows.Length, end - at);
                    for (int i = 0; i < n; i++) rows[i] = new BatchRow(tokens[at + i], cache, i % HeadInterval == 0);
                    model.Forward(rows.AsSpan(0, n));
                    importance.Tokens += n;
                    progress?.Invoke(importance.Tokens, all);
                }
            }
        }
        finally
        {
            transformer.Record(null);
        }
        return importance;
    }
}
