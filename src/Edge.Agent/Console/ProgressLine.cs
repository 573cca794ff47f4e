using System.Diagnostics;
using System.Globalization;

namespace Edge.Agent;

/// <summary>One line on stderr that says how far long work is; nothing where stderr is not a terminal.</summary>
/// <param name="unit">"MB" (of bytes) or "tokens": the rate and the time that is left are shown too.</param>
internal sealed class ProgressLine(string what, string unit = "") : IDisposable
{
    private const int BarLength = 24;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _visible = !Console.IsErrorRedirected;
    private long _shownAt;
    private long _startedAt, _first = -1;
    private bool _drawn;

    public void Report(long done, long all) => Report(done, all, 0);

    /// <summary><paramref name="before"/>: what of it an earlier run had done, which is no speed of this one.</summary>
    public void Report(long done, long all, long before)
    {
        if (!_visible || all <= 0) return;
        // The clock starts with this run's work: not while it is planned, or what is there is looked at.
        if (_first < 0 || done - before == _first) (_first, _startedAt) = (done - before, Stopwatch.GetTimestamp());
        if (_drawn && done < all && Stopwatch.GetElapsedTime(_shownAt) < Interval) return;
        _shownAt = Stopwatch.GetTimestamp();
        _drawn = true;
        int filled = (int)(BarLength * Math.Clamp(done, 0, all) / all);
        string bar = new string('#', filled) + new string('.', BarLength - filled);
        string rate = unit.Length == 0 ? ""
            : Rate(done - before - _first, all - done, Stopwatch.GetElapsedTime(_startedAt), unit);
        Console.Error.Write($"\r{what} [{bar}] {100 * done / all,3} %{rate}");
    }

    /// <summary>" 152 MB/s, 0:41 left": of what this run did.</summary>
    internal static string Rate(long done, long left, TimeSpan elapsed, string unit)
    {
        double perSecond = done / Math.Max(elapsed.TotalSeconds, 1e-3);
        if (perSecond < 1) return "";
        double seconds = Math.Min(left / perSecond, 359_999);
        var time = TimeSpan.FromSeconds(seconds);
        string text = seconds >= 3600
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:D2}");
        if (unit == "MB") perSecond /= 1e6;
        return string.Create(CultureInfo.InvariantCulture, $" {perSecond:F0} {unit}/s, {text} left  ");
    }

    public void Dispose()
    {
        // Leaves no trace: what follows is the result.
        if (_drawn) Console.Error.Write("\r\u001b[K");
        _drawn = false;
    }
}
