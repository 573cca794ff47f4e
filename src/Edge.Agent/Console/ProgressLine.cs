using System.Diagnostics;
using System.Globalization;

namespace Edge.Agent;

/// <summary>One line on stderr that says how far long work is, and of bytes the rate and the time that is left; nothing
/// where stderr is not a terminal.</summary>
internal sealed class ProgressLine(string what, bool inBytes = false) : IDisposable
{
    private const int BarLength = 24;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _visible = !Console.IsErrorRedirected;
    private long _shownAt;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _first = -1;
    private bool _drawn;

    public void Report(long done, long all)
    {
        if (!_visible || all <= 0) return;
        if (_drawn && done < all && Stopwatch.GetElapsedTime(_shownAt) < Interval) return;
        _shownAt = Stopwatch.GetTimestamp();
        _drawn = true;
        int filled = (int)(BarLength * Math.Clamp(done, 0, all) / all);
        string bar = new string('#', filled) + new string('.', BarLength - filled);
        if (_first < 0) _first = done;
        string rate = inBytes ? Rate(done - _first, all - done, Stopwatch.GetElapsedTime(_startedAt)) : "";
        Console.Error.Write($"\r{what} [{bar}] {100 * done / all,3} %{rate}");
    }

    /// <summary>" 152 MB/s, 0:41 left": what an earlier run did does not count.</summary>
    internal static string Rate(long done, long left, TimeSpan elapsed)
    {
        double perSecond = done / Math.Max(elapsed.TotalSeconds, 1e-3);
        if (perSecond < 1) return "";
        double seconds = Math.Min(left / perSecond, 359_999);
        var time = TimeSpan.FromSeconds(seconds);
        string text = seconds >= 3600
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:D2}");
        return string.Create(CultureInfo.InvariantCulture, $" {perSecond / 1e6:F0} MB/s, {text} left  ");
    }

    public void Dispose()
    {
        // Leaves no trace: what follows is the result.
        if (_drawn) Console.Error.Write("\r\u001b[K");
    }
}
