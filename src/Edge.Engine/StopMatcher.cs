namespace Edge.Engine;

/// <summary>
/// A reply's text and how much of it may be shown: the longest suffix that may still become a stop string is held
/// back. The stop string whose last character comes first wins (the longest of several that end there), so the result
/// does not depend on how the text was cut into tokens. The buffer grows by doubling and is kept for the next reply.
/// </summary>
internal sealed class StopMatcher(int charsAtStart)
{
    private char[] _text = new char[Math.Max(16, charsAtStart)];
    private IReadOnlyList<string> _stops = [];
    private int _length;
    private int _shown;

    public bool Stopped { get; private set; }
    public string Text => new(_text, 0, _shown);

    public void Reset(IReadOnlyList<string> stops)
    {
        _stops = stops;
        _length = _shown = 0;
        Stopped = false;
    }

    /// <summary>Room for the next text, at least <paramref name="chars"/> long.</summary>
    public Span<char> Room(int chars)
    {
        if (_text.Length - _length < chars) Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + chars));
        return _text.AsSpan(_length);
    }

    /// <summary>Takes <paramref name="chars"/> written into the room; returns what may be shown now.</summary>
    public ReadOnlySpan<char> Take(int chars)
    {
        if (Stopped || chars == 0) return default;
        _length += chars;
        if (FindStop() is int start and >= 0)
        {
            Stopped = true;
            _length = start;
            return Show(start);
        }
        return Show(_length - HeldBack());
    }

    /// <summary>The reply is over: what was held back did not become a stop string.</summary>
    public ReadOnlySpan<char> Flush() => Show(_length);

    private ReadOnlySpan<char> Show(int end)
    {
        ReadOnlySpan<char> text = _text.AsSpan(_shown, end - _shown);
        _shown = end;
        return text;
    }

    // All shown text was seen to be part of no stop string, so a match starts behind it.
    private int FindStop()
    {
        ReadOnlySpan<char> text = _text.AsSpan(_shown, _length - _shown);
        int bestStart = -1, bestEnd = int.MaxValue;
        for (int i = 0; i < _stops.Count; i++)
        {
            int start = text.IndexOf(_stops[i], StringComparison.Ordinal);
            if (start < 0) continue;
            int end = start + _stops[i].Length;
            if (end > bestEnd || (end == bestEnd && start > bestStart)) continue;
            (bestStart, bestEnd) = (start, end);
        }
        return bestStart < 0 ? -1 : bestStart + _shown;
    }

    private int HeldBack()
    {
        ReadOnlySpan<char> text = _text.AsSpan(_shown, _length - _shown);
        int held = 0;
        for (int i = 0; i < _stops.Count; i++)
            for (int n = Math.Min(text.Length, _stops[i].Length - 1); n > held; n--)
                if (text.EndsWith(_stops[i].AsSpan(0, n), StringComparison.Ordinal)) held = n;
        return held;
    }
}
