using System.Diagnostics;

namespace Edge.Agent;

/// <summary>One line on stderr that says how far long work is; nothing where stderr is not a terminal.</summary>
internal sealed class ProgressLine(string what) : IDisposable
{
    private const int BarLength = 24;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _visible = !Console.IsErrorRedirected;
    private long _shownAt;
    private bool _drawn;

    public void Report(long done, long all)
    {
        if (!_visible || all <= 0) return;
        if (_drawn && done < all && Stopwatch.GetElapsedTime(_shownAt) < Interval) return;
        _shownAt = Stopwatch.GetTimestamp();
        _drawn = true;
        int filled = (int)(BarLength * Math.Clamp(done, 0, all) / all);
        string bar = new string('#', filled) + new string('.', BarLength - filled);
        Console.Error.Write($"\r{what} [{bar}] {100 * done / all,3} %");
    }

    public void Dispose()
    {
        // Leaves no trace: what follows is the result.
        if (_drawn) Console.Error.Write("\r\u001b[K");
    }
}
