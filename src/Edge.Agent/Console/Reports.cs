using System.Text.Json.Serialization;

namespace Edge.Agent;

/// <summary>`edge ask --json`.</summary>
internal sealed record AskReport(
    string Model, string Text, string FinishReason, int PromptTokens, int CompletionTokens, double PromptMs,
    double TtftMs, double TokensPerSecond, int Drafted, int Accepted);

/// <summary>`edge bench --json`: medians of the repeats, and the spread.</summary>
internal sealed record BenchReport
{
    public required string Model { get; init; }
    public required string Architecture { get; init; }
    public required string KernelSet { get; init; }
    public required int Threads { get; init; }
    public required int PromptTokens { get; init; }
    public required int GenTokens { get; init; }
    public required int Repeat { get; init; }
    public required double PrefillTps { get; init; }
    public required double PrefillTpsMin { get; init; }
    public required double PrefillTpsMax { get; init; }
    public required double DecodeTps { get; init; }
    public required double DecodeTpsMin { get; init; }
    public required double DecodeTpsMax { get; init; }
    public required long WeightBytesPerToken { get; init; }
    /// <summary>Decode's weight traffic, and what plain reading of memory reaches with the same threads.</summary>
    public required double DecodeBytesPerSecond { get; init; }
    public required double MemoryBytesPerSecond { get; init; }
    public required double AllocBytesPerToken { get; init; }
    public required double LoadMs { get; init; }
    public required long PeakRssBytes { get; init; }
    /// <summary>Absent while all weights are in memory.</summary>
    public StreamReport? Streaming { get; init; }
    /// <summary>Null: without --draft.</summary>
    public DraftReport? Drafts { get; init; }
}

/// <summary>What streaming did during the measured repeats.</summary>
internal sealed record StreamReport(
    string Storage, long BudgetBytes, int Slots, long SlotBytes, long Passes, long Hits, long Misses, double HitRate,
    long Degraded, long Late, long Dropped, double Foreseen, long BytesRead, double BytesPerDecodedToken,
    double ReadBytesPerSecond, double StallMs, double ReadMs, long Retries, long Failures);

/// <summary>Part of `edge bench --json`: greedy replies with drafts and without. Identical: they are the
/// same.</summary>
internal sealed record DraftReport(
    string Draft, int DraftMax, int Prompts, long Tokens, double PlainTps, double DraftedTps, double Speedup,
    long Drafted, long Accepted, double Acceptance, double TokensPerStep, bool Identical, string? Problem);

/// <summary>`edge perplexity --json`. Capacity: bits that the model saves of each byte of text, per doubling of the
/// weight bits that it reads for it, from storage where it streams.</summary>
internal sealed record PerplexityReport(
    string Model, long Tokens, long ScoredTokens, double NatsPerToken, double Perplexity, double BitsPerByte,
    int ContextLength, double TokensPerSecond, double WeightBytesPerTextByte, double Capacity);

/// <summary>`edge compare --json`: B beside A over the same text.</summary>
internal sealed record CompareReport(
    string A, string B, long Tokens, double MeanKl, double MaxKl, double TopAgreement, double MaxLogitError,
    double NatsPerTokenA, double NatsPerTokenB, int ContextLength);

/// <summary>`edge tokenize --json`.</summary>
internal sealed record TokenizeReport(IReadOnlyList<int> Ids, IReadOnlyList<string> Pieces, string Text);

/// <summary>`edge sense --json`: one line per reply.</summary>
internal sealed record SenseReport(
    string Reading, string? Reply, bool Valid, string? Problem, double? TokensPerSecond, double LatencyMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AskReport))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(PerplexityReport))]
[JsonSerializable(typeof(CompareReport))]
[JsonSerializable(typeof(TokenizeReport))]
[JsonSerializable(typeof(SenseReport))]
internal sealed partial class AgentJson : JsonSerializerContext;
