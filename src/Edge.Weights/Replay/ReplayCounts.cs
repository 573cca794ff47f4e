namespace Edge.Weights.Replay;

/// <summary>What a replay counted over some passes.</summary>
public sealed record ReplayCounts
{
    public long Tokens { get; internal set; }
    /// <summary>Slices that the passes needed, each once per pass and layer.</summary>
    public long Wanted { get; internal set; }
    /// <summary>Of these, those that were there.</summary>
    public long Hits { get; internal set; }
    public long Misses => Wanted - Hits;
    public long BytesWanted { get; internal set; }
    public long BytesRead { get; internal set; }
    /// <summary>Experts that rows chose.</summary>
    public long Choices { get; internal set; }
    /// <summary>Choices that ran on HI alone, and choices that were left out.</summary>
    public long Degraded { get; internal set; }
    public long Skipped { get; internal set; }
    public long Evictions { get; internal set; }

    /// <summary>1 when nothing was wanted.</summary>
    public double HitRate => Wanted == 0 ? 1 : (double)Hits / Wanted;
    public double BytesPerToken => Tokens == 0 ? 0 : (double)BytesRead / Tokens;

    /// <summary>Tokens per second when the storage reads <paramref name="bytesPerSecond"/> and a token's arithmetic
    /// takes <paramref name="computeMs"/>: side by side, and one after the other. Null when neither takes
    /// time.</summary>
    public (double? Overlapped, double? Serial) TokensPerSecond(double bytesPerSecond, double computeMs)
    {
        double read = BytesPerToken / bytesPerSecond, compute = computeMs / 1000;
        double overlapped = Math.Max(read, compute), serial = read + compute;
        return overlapped == 0 ? (null, null) : (1 / overlapped, 1 / serial);
    }

    internal void Add(ReplayCounts other)
    {
        Tokens += other.Tokens;
        Wanted += other.Wanted;
        Hits += other.Hits;
        BytesWanted += other.BytesWanted;
        BytesRead += other.BytesRead;
        Choices += other.Choices;
        Degraded += other.Degraded;
        Skipped += other.Skipped;
        Evictions += other.Evictions;
    }
}

/// <summary>Decoding (passes of one row), reading prompts (passes of several), and both.</summary>
public sealed record ReplayResult(ReplayCounts Decode, ReplayCounts Prefill)
{
    public ReplayCounts All
    {
        get
        {
            var all = new ReplayCounts();
            all.Add(Decode);
            all.Add(Prefill);
            return all;
        }
    }

    /// <summary>Decoding, which is what a cache is for; everything when nothing was decoded.</summary>
    public ReplayCounts Judged => Decode.Tokens > 0 ? Decode : Prefill;
}
