using System.Diagnostics;

namespace Edge.Models;

/// <summary>Repeats work on threads that start each run together.</summary>
internal static class TimedRuns
{
    public const int Runs = 11;

    /// <summary>Seconds of each run, from the common start until the last thread is done; body(t) is thread t's
    /// part.</summary>
    public static double[] Measure(int threads, Action<int> body)
    {
        var seconds = new double[Runs];
        using var together = new Barrier(threads);
        var helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.Length; i++)
        {
            int thread = i + 1;
            helpers[i] = new Thread(() =>
            {
                for (int run = 0; run < Runs; run++) Once(together, body, thread);
            });
            helpers[i].Start();
        }
        for (int run = 0; run < Runs; run++) seconds[run] = Once(together, body, 0);
        foreach (Thread helper in helpers) helper.Join();
        return seconds;
    }

    private static double Once(Barrier together, Action<int> body, int thread)
    {
        together.SignalAndWait();
        long start = Stopwatch.GetTimestamp();
        body(thread);
        together.SignalAndWait();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
