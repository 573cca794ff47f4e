namespace Edge.Engine;

/// <summary>How the next token is chosen. Temperature 0 is greedy: the highest logit after penalty and mask, the
/// lowest id on ties; top-k, top-p and min-p cannot change that choice. The order of the filters stands at <see
/// cref="Sampler"/>.</summary>
public sealed record SamplingOptions
{
    /// <summary>Longest window that the repetition penalty may look back.</summary>
    public const int RepetitionWindowMax = 4096;

    public float Temperature { get; init; }
    /// <summary>Keep the k likeliest tokens; 0: off.</summary>
    public int TopK { get; init; }
    /// <summary>Keep the smallest set whose probability reaches this; 1: off; 0 keeps one token.</summary>
    public float TopP { get; init; } = 1;
    /// <summary>Keep tokens at least this fraction as likely as the likeliest; 0: off.</summary>
    public float MinP { get; init; }
    /// <summary>Positive logits of recent tokens are divided by it, negative ones multiplied; 1: off.</summary>
    public float RepetitionPenalty { get; init; } = 1;
    /// <summary>How many of the latest tokens, prompt included, count as recent.</summary>
    public int RepetitionWindow { get; init; } = 64;
    /// <summary>The same seed and logits give the same tokens on every platform.</summary>
    public ulong Seed { get; init; }

    /// <summary>Names the first field that is out of range and its bounds; null when all are usable.</summary>
    public string? FindError() =>
        !(Temperature >= 0 && Temperature <= 100) ? $"temperature {Temperature} is not within 0 and 100"
        : TopK < 0 ? $"top_k {TopK} is negative; 0 switches it off"
        : !(TopP >= 0 && TopP <= 1) ? $"top_p {TopP} is not within 0 and 1"
        : !(MinP >= 0 && MinP <= 1) ? $"min_p {MinP} is not within 0 and 1"
        : !(RepetitionPenalty >= 0.01f && RepetitionPenalty <= 100)
            ? $"repetition_penalty {RepetitionPenalty} is not within 0.01 and 100"
        : RepetitionWindow is < 0 or > RepetitionWindowMax
            ? $"repetition_window {RepetitionWindow} is not within 0 and {RepetitionWindowMax}"
        : null;
}
