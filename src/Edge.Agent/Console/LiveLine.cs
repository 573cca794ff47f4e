using System.Diagnostics;

namespace Edge.Agent;

/// <summary>One line on stderr that is written over again; nothing where stderr is no terminal, or where the reply
/// stands in the same one.</summary>
internal sealed class LiveLine(bool repliesHere) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly bool _visible = !Console.IsErrorRedirected && !(repliesHere && !Console.IsOutputRedirected);
    private long _shownAt;

    public void Show(Func<string> line)
    {
        if (!_visible || _shownAt != 0 && Stopwatch.GetElapsedTime(_shownAt) < Interval) return;
        _shownAt = Stopwatch.GetTimestamp();
        Console.Error.Write($"\r\u001b[K{line()}");
    }

    public void Dispose()
    {
        if (_shownAt != 0) Console.Error.Write("\r\u001b[K");
        _shownAt = 0;
    }
}
