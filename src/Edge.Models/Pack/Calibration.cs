using Edge.Gguf;
using Edge.Models.Streaming;

namespace Edge.Models.Pack;

/// <summary>Runs a text through a model to learn which columns of its matrices matter.</summary>
public static unsafe class Calibration
{
    /// <summary>Rows of a window whose logits are computed: enough for the head's columns.</summary>
    private const int HeadInterval = 8;

    /// <summary>Tokens of a window that still show what a column's activations are like.</summary>
    private const int WindowMin = 64;

    /// <summary>Memory that a run may take beside the largest tensor, unless more is needed.</summary>
    private const long SpareBytes = 512L << 20;

    /// <summary>Options to load a model with for a calibration in at most <paramref name="bytes"/> of memory; 0: the
    /// largest tensor and 512 MB, or, where that is not enough, the least with which the model runs. Its context is the
    /// window, or a shorter one (64 tokens at least) where the cache of a longer one does not fit. Errors: as
    /// <see cref="Model.Load"/>, and ArgumentException with the reason when the memory given does not do.</summary>
    public static ModelOptions Within(long bytes, string path, int window, ModelOptions options)
    {
        ModelOptions With(long budget, int context) => options with
        {
            Memory = new MemoryBudget { Bytes = budget, ContextLength = context },
        };
        long usual = GgufFile.Open(path).Tensors.Max(tensor => (long?)tensor.Bytes) + SpareBytes ?? SpareBytes;
        MemoryPlan plan = MemoryPlanner.Plan(path, With(bytes > 0 ? bytes : usual, window));
        if (plan.Refusal is null) return With(plan.BudgetBytes, window);
        // The cache of a long window may be what does not fit.
        if (plan.ContextThatFits >= WindowMin) return With(plan.BudgetBytes, plan.ContextThatFits);
        if (bytes > 0) throw new ArgumentException(plan.Refusal, nameof(bytes));
        return With(plan.LeastBytes, window);
    }

    /// <summary>Runs windows of <paramref name="window"/> tokens, spread evenly over the text, until
    /// <paramref name="tokensMax"/> are run; progress: (tokens run, in all). Errors: ArgumentException for a text
    /// without tokens; OperationCanceledException. A model that streams its weights gives the same to the
    /// bit.</summary>
    public static Importance Run(Model model, IReadOnlyList<int> tokens, int window, int tokensMax,
        Action<long, long>? progress = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (tokens.Count == 0) throw new ArgumentException("the calibration text has no tokens", nameof(tokens));
        var transformer = (Transformer)model;
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
                    // Counted in the window: how many rows a pass has depends on the memory.
                    for (int i = 0; i < n; i++)
                        rows[i] = new BatchRow(tokens[at + i], cache, (at - start + i) % HeadInterval == 0);
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
