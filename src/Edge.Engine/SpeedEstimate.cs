namespace Edge.Engine;

/// <summary>What the steps so far say about the steps to come. The scheduler's lock guards it.</summary>
internal sealed class SpeedEstimate
{
    // Fewer prompt rows than this run at the speed of decoding and say nothing about a long prompt.
    private const int PrefillRowsMin = 8;
    private const double ServiceWeight = 0.2;
    private const double RetryAfterMin = 1, RetryAfterMax = 3600;
    private Rate _prefill, _decode;
    private double _serviceSeconds;

    /// <summary>Tokens per second over all slots; 0 until measured.</summary>
    public double Prefill => _prefill.PerSecond;
    public double Decode => _decode.PerSecond;

    /// <summary>Steps that mix prompt and decode rows count their whole batch as prefill: the rows share one pass over
    /// the weights. Drafts count where they were right.</summary>
    public void NoteStep(StepRows rows, double seconds)
    {
        if (rows.PrefillRows == 0 && rows.DecodeRows > 0) _decode.Add(rows.DecodeRows + rows.Accepted, seconds);
        else if (rows.PrefillRows >= PrefillRowsMin) 
            _prefill.Add(rows.PrefillRows + rows.DecodeRows + rows.DraftRows, seconds);
    }

    /// <summary>A request held its slot this long.</summary>
    public void NoteService(double seconds) => _serviceSeconds = _serviceSeconds == 0
        ? seconds
        : _serviceSeconds + ServiceWeight * (seconds - _serviceSeconds);

    /// <summary>A lower bound: the prompts ahead and its own run at full speed, then one token. What is not measured
    /// yet costs nothing.</summary>
    public double LeastSeconds(long promptTokens) =>
        (Prefill > 0 ? promptTokens / Prefill : 0) + (Decode > 0 ? 1 / Decode : 0);

    /// <summary>Seconds until one of the slots is likely to take the next request from the queue.</summary>
    public double RetryAfter(int slots) => Math.Clamp(_serviceSeconds / slots, RetryAfterMin, RetryAfterMax);
}
