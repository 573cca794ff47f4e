using Edge.Engine;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Totals of the requests since the start; any thread adds.</summary>
internal sealed class InferenceCounts
{
    private readonly Lock _lock = new();
    private long _accepted, _finished, _completed, _refused, _failed, _promptTokens, _completionTokens;
    private double _decodeSeconds, _decodeTokens;

    /// <summary>Accepted and not yet finished.</summary>
    public int Live
    {
        get { lock (_lock) return (int)(_accepted - _finished); }
    }

    public void Accepted()
    {
        lock (_lock) _accepted++;
    }

    /// <summary>Takes back an Accepted: the scheduler had no room after all.</summary>
    public void Withdrawn()
    {
        lock (_lock) _accepted--;
    }

    public void Refused()
    {
        lock (_lock) _refused++;
    }

    public void Finished(GenerationResult result)
    {
        lock (_lock)
        {
            _finished++;
            if (result.Reason is FinishReason.Stop or FinishReason.Length) _completed++;
            else _failed++;
            _promptTokens += result.PromptTokens;
            _completionTokens += result.CompletionTokens;
            if (result.Timings.TokensPerSecond <= 0) return;
            _decodeTokens += result.CompletionTokens;
            _decodeSeconds += result.CompletionTokens / result.Timings.TokensPerSecond;
        }
    }

    /// <summary>The totals, and the decode rate since this was last called.</summary>
    public InferenceTelemetry Take(int slots)
    {
        lock (_lock)
        {
            int live = (int)(_accepted - _finished);
            double rate = _decodeSeconds > 0 ? _decodeTokens / _decodeSeconds : 0;
            (_decodeTokens, _decodeSeconds) = (0, 0);
            return new InferenceTelemetry
            {
                Running = Math.Min(live, slots),
                Queue = Math.Max(0, live - slots),
                Completed = _completed,
                Refused = _refused,
                Failed = _failed,
                PromptTokens = _promptTokens,
                CompletionTokens = _completionTokens,
                TokS = rate,
            };
        }
    }
}
