using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>The only loop over tokens: a bounded queue, a fixed number of slots, one thread that owns the model.</summary>
public sealed class Scheduler : IDisposable
{
    public Scheduler(Model model, Tokenizer tokenizer, SchedulerOptions options) => throw new NotSupportedException();
    public int ContextLength => throw new NotSupportedException();
    public AdmissionResult TryAccept(GenerationRequest request) => throw new NotSupportedException();
    /// <summary>False: no such request is queued or running.</summary>
    public bool Cancel(string id) => throw new NotSupportedException();
    /// <summary>Refuses new requests from now on; the task ends when all accepted ones (or, with <paramref name="cancelQueued"/>,
    /// the running ones) have finished.</summary>
    public Task DrainAsync(bool cancelQueued = false) => throw new NotSupportedException();
    public SchedulerStatistics Statistics => throw new NotSupportedException();
    /// <summary>Steps begun and ended: two per step. A watchdog that sees <see cref="IsBusy"/> and no change is looking at a hang.</summary>
    public long Heartbeat => throw new NotSupportedException();
    public bool IsBusy => throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}

/// <summary>Runs one prompt at a time on the caller's thread, through the scheduler's own step: for ask, eval and tests.</summary>
public sealed class Generator : IDisposable
{
    public Generator(Model model, Tokenizer tokenizer, int contextLength = 0) => throw new NotSupportedException();
    /// <summary>Throws ArgumentException naming the field when the request cannot be run (the sentence is fit for people).</summary>
    public GenerationResult Run(GenerationRequest request, CancellationToken cancellation = default) =>
        throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}

/// <summary>Sum of the negative log-likelihood (nats) of the scored tokens, their count and the bytes that they stand for.</summary>
public sealed record ScoringResult(double NegativeLogLikelihood, long Tokens, long Bytes)
{
    public double Perplexity => Math.Exp(NegativeLogLikelihood / Math.Max(1, Tokens));
    public double BitsPerByte => NegativeLogLikelihood / Math.Log(2) / Math.Max(1, Bytes);
}

/// <summary>Likelihood of a known text under a model.</summary>
public static class Scoring
{
    /// <summary>Windows of <paramref name="contextLength"/> tokens that move by <paramref name="stride"/>; every token but the first is
    /// scored once, with all of its window before it. Progress: tokens scored.</summary>
    public static ScoringResult Score(Model model, Tokenizer tokenizer, IReadOnlyList<int> tokens, int contextLength, int stride,
        Action<long>? progress = null, CancellationToken cancellation = default) => throw new NotSupportedException();
}

/// <summary>One timed run. Units: tokens per second.</summary>
public sealed record SpeedSample(double PrefillTokensPerSecond, double DecodeTokensPerSecond);

/// <summary>Times prefill and decode on pseudo-random tokens: no tokenizer, no sampler, nothing that can end early.</summary>
public static class SpeedTest
{
    public static SpeedSample Run(Model model, int promptTokens, int generatedTokens, CancellationToken cancellation = default) =>
        throw new NotSupportedException();
}
