using System.Diagnostics;
using Edge.Engine;

namespace Edge.Agent.Plot;

/// <summary>Decoding over time: tokens per second, and per token what it waited for and read.</summary>
internal static class SpeedPlot
{
    /// <summary>Passes that are kept; a longer run is drawn from its beginning.</summary>
    public const int SamplesMax = 1_000_000;

    public static IReadOnlyList<Panel> Panels(string model, IReadOnlyList<StepSample> samples)
    {
        long begun = samples.Count > 0 ? samples[0].StartedAt : 0;
        Panel Draw(string title, string label, Func<StepSample, double> value)
        {
            var points = new List<Point>();
            foreach (StepSample s in samples)
                if (s.Tokens == 1)
                    points.Add(new Point(Stopwatch.GetElapsedTime(begun, s.StartedAt).TotalSeconds, value(s)));
            return new Panel(title, "seconds", label, [new Series("decode", points)]);
        }
        return
        [
            Draw($"{model}: speed", "tokens/s", s => 1 / s.Seconds),
            Draw("Waiting for storage", "ms a token", s => s.Traffic.StallMicros / 1000.0),
            Draw("Read from storage", "bytes a token", s => s.Traffic.BytesRead),
        ];
    }
}
