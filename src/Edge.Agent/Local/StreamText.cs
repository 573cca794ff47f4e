using System.Globalization;
using Edge.Models.Streaming;

namespace Edge.Agent;

/// <summary>What streaming did, in one line.</summary>
internal static class StreamText
{
    public static string Of(StreamStatistics s)
    {
        var r = s.Residency;
        double hits = 100.0 * r.Hits / Math.Max(1, r.Hits + r.Misses);
        string line = string.Create(CultureInfo.InvariantCulture, $"streamed {MemorySize.Text(r.BytesRead)} " +
            $"({MemorySize.Text(r.BytesRead / Math.Max(1, s.Passes))} a pass) at " +
            $"{r.ReadBytesPerSecond / 1e6:F0} MB/s ({s.Storage}), {hits:F1} % there in time, " +
            $"waited {r.StallMicros / 1e6:F2} s");
        if (s.Degraded > 0 || s.Dropped > 0)
            line += string.Create(CultureInfo.InvariantCulture, $", {100.0 * s.Degraded / s.Choices:F1} % of experts " +
                $"coarse, {100.0 * s.Dropped / s.Choices:F1} % dropped");
        return r.Retries > 0 ? $"{line}, {r.Retries} reads tried again, {r.Failures} failed" : line;
    }
}
