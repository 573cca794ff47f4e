using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>Temperature 0 is greedy (exact argmax, lowest id on ties); the other filters then do not matter.</summary>
public sealed record SamplingOptions
{
    public float Temperature { get; init; }
    public int TopK { get; init; }             // 0: off
    public float TopP { get; init; } = 1;
    public float MinP { get; init; }
    public float RepetitionPenalty { get; init; } = 1;
    public int RepetitionWindow { get; init; } = 64;
    public ulong Seed { get; init; }
}

public enum FinishReason { Stop, Length, Cancelled, Timeout, Failed }

/// <summary>Numbers of one finished request; times in milliseconds.</summary>
public sealed record GenerationTimings(double QueueMs, double PromptMs, double TtftMs, double TokensPerSecond, int CachedTokens);

public sealed record GenerationResult(string Text, FinishReason Reason, int PromptTokens, int CompletionTokens, GenerationTimings Timings, string? Error);

/// <summary>What a request's owner hears, on the scheduler's thread: must not block. Text spans are valid during the call.</summary>
public interface ITokenSink
{
    void OnText(ReadOnlySpan<char> text, int tokens);
    void OnFinished(GenerationResult result);
}

public sealed record GenerationRequest
{
    public required string Id { get; init; }
    public required IReadOnlyList<int> Prompt { get; init; }
    public required ITokenSink Sink { get; init; }
    public SamplingOptions Sampling { get; init; } = new();
    public int MaxTokens { get; init; } = 256;
    public IReadOnlyList<string> Stop { get; init; } = [];
    /// <summary>Stopwatch timestamp; null: none. Monotonic, never the wall clock.</summary>
    public long? Deadline { get; init; }
    public Grammar? Grammar { get; init; }
}

public enum Admission { Accepted, QueueFull, ContextOverflow, DeadlineUnreachable, Draining }

/// <summary>Position: requests before this one. RetryAfterSeconds: when a full queue is likely to have room. Detail: for people.</summary>
public readonly record struct AdmissionResult(Admission Admission, int Position, double RetryAfterSeconds, string Detail);

/// <summary>The only loop over tokens: a bounded queue, a fixed number of slots, one thread.</summary>
public sealed class Scheduler : IDisposable
{
    public Scheduler(Model model, Tokenizer tokenizer, SchedulerOptions options) => throw new NotSupportedException();
    public AdmissionResult TryAccept(GenerationRequest request) => throw new NotSupportedException();
    /// <summary>False: no such request is queued or running.</summary>
    public bool Cancel(string id) => throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}

public sealed record SchedulerOptions
{
    public int QueueMax { get; init; } = 32;
    public int SlotsMax { get; init; } = 2;
    public int ContextLength { get; init; }    // 0: the model's own
}
