using System.Diagnostics;
using Edge.Models;

namespace Edge.Engine;

/// <summary>Times prefill and decode on pseudo-random tokens: no tokenizer, no sampler, nothing that can end
/// early.</summary>
public static class SpeedTest
{
    /// <summary>Prefills in full batches, then runs one token at a time behind the prompt; <paramref name="onStep"/>
    /// hears of every pass. Errors:
    /// ArgumentOutOfRangeException when the counts are below 1 or exceed the model's context.</summary>
    public static SpeedSample Run(
        Model model, int promptTokens, int generatedTokens, Action<StepSample>? onStep = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(generatedTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            promptTokens, model.Config.ContextLength - generatedTokens, nameof(promptTokens));
        using KvCache cache = model.CreateCache(promptTokens + generatedTokens);
        var random = new SamplerRandom(1);
        double prefill = Timed(model, cache, promptTokens, model.BatchRowsMax, ref random, onStep, cancellation);
        long read = model.Traffic.BytesRead;
        double decode = Timed(model, cache, generatedTokens, 1, ref random, onStep, cancellation);
        return new SpeedSample(
            promptTokens / prefill, generatedTokens / decode, model.Traffic.BytesRead - read);
    }

    private static double Timed(Model model, KvCache cache, int tokens, int batch, ref SamplerRandom random,
        Action<StepSample>? onStep, CancellationToken cancellation)
    {
        var rows = new BatchRow[batch];
        long begun = Stopwatch.GetTimestamp();
        for (int done = 0; done < tokens;)
        {
            cancellation.ThrowIfCancellationRequested();
            int n = Math.Min(batch, tokens - done);
            done += n;
            for (int i = 0; i < n; i++)
            {
                int token = (int)(random.Next() % (ulong)model.Config.VocabularySize);
                // As in real use: the head runs for the last prompt token and for every decoded one.
                rows[i] = new BatchRow(token, cache, i == n - 1 && (batch == 1 || done == tokens));
            }
            if (onStep is null) model.Forward(rows.AsSpan(0, n));
            else onStep(Step(model, rows.AsSpan(0, n)));
        }
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static StepSample Step(Model model, ReadOnlySpan<BatchRow> rows)
    {
        WeightTraffic before = model.Traffic;
        long begun = Stopwatch.GetTimestamp();
        model.Forward(rows);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        WeightTraffic after = model.Traffic;
        return new StepSample(begun, seconds, rows.Length, new WeightTraffic(
            after.StallMicros - before.StallMicros, after.BytesRead - before.BytesRead));
    }
}
