namespace Edge.Text;

/// <summary>A non-deterministic automaton over bytes, the half-way house of patterns and number ranges.</summary>
internal sealed class ByteNfa(string keyword, string pointer)
{
    private readonly List<List<(byte Lo, byte Hi, int To)>> _edges = [];
    private readonly List<List<int>> _jumps = [];

    public string Keyword { get; } = keyword;
    public string Pointer { get; } = pointer;
    public int Count => _edges.Count;

    public int AddState()
    {
        if (Count >= GrammarLimits.NfaStatesMax)
            throw SchemaRefusedException.At(Keyword, Pointer,
                $"needs more than {GrammarLimits.NfaStatesMax} states; use smaller repetitions");
        _edges.Add([]);
        _jumps.Add([]);
        return Count - 1;
    }

    public IReadOnlyList<(byte Lo, byte Hi, int To)> Edges(int state) => _edges[state];

    public IReadOnlyList<int> Jumps(int state) => _jumps[state];

    public void AddEdge(int from, int lo, int hi, int to) => _edges[from].Add(((byte)lo, (byte)hi, to));

    public void AddJump(int from, int to) => _jumps[from].Add(to);

    public int AddText(int from, string ascii)
    {
        foreach (var c in ascii)
        {
            var next = AddState();
            AddEdge(from, c, c, next);
            from = next;
        }
        return from;
    }

    /// <summary>Appends a pattern after <paramref name="from"/>; returns the state behind it. In strings, what JSON
    /// must escape is escaped.</summary>
    public int AddPattern(int from, PatternNode node, bool inString)
    {
        switch (node)
        {
            case PatternNode.Set set:
                var end = AddState();
                AddRanges(from, set.Ranges, end, inString);
                return end;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts)
                    from = AddPattern(from, part, inString);
                return from;
            case PatternNode.Choice choice:
                var join = AddState();
                foreach (var option in choice.Options)
                {
                    var start = AddState();
                    AddJump(from, start);
                    AddJump(AddPattern(start, option, inString), join);
                }
                return join;
            case PatternNode.Repeat repeat:
                return AddRepeat(from, repeat, inString);
            default:
                throw new InvalidOperationException($"Unknown pattern node {node.GetType().Name}.");
        }
    }

    private int AddRepeat(int from, PatternNode.Repeat repeat, bool inString)
    {
        for (var i = 0; i < repeat.Min; i++)
            from = AddPattern(from, repeat.Part, inString);
        var join = AddState();
        if (repeat.Max < 0)
        {
            AddJump(from, join);
            AddJump(AddPattern(join, repeat.Part, inString), join);
            return join;
        }
        for (var i = repeat.Min; i < repeat.Max; i++)
        {
            AddJump(from, join);
            from = AddPattern(from, repeat.Part, inString);
        }
        AddJump(from, join);
        return join;
    }

    private void AddRanges(int from, List<(int Lo, int Hi)> ranges, int to, bool inString)
    {
        foreach (var (lo, hi) in ranges)
        {
            if (!inString)
            {
                AddUtf8(from, lo, hi, to);
                continue;
            }
            AddUtf8(from, Math.Max(lo, 0x20), Math.Min(hi, '"' - 1), to);
            AddUtf8(from, Math.Max(lo, '"' + 1), Math.Min(hi, '\\' - 1), to);
            AddUtf8(from, Math.Max(lo, '\\' + 1), hi, to);
        }
        if (inString)
            AddEscapes(from, ranges, to);
    }

    /// <summary>The characters that JSON must escape, each in its short form where it has one, else as
    /// \u00XX.</summary>
    private void AddEscapes(int from, List<(int Lo, int Hi)> ranges, int to)
    {
        Span<int> ends = [-1, -1];
        var backslash = -1;
        for (var c = 0; c <= '\\'; c = c == 0x1F ? '"' : c == '"' ? '\\' : c + 1)
        {
            if (!ranges.Exists(range => range.Lo <= c && c <= range.Hi))
                continue;
            if (backslash < 0)
                AddEdge(from, '\\', '\\', backslash = AddState());
            var letter = JsonLiteral.ShortEscape(c);
            if (letter != '\0')
            {
                AddEdge(backslash, letter, letter, to);
                continue;
            }
            if (ends[c >> 4] < 0)
                ends[c >> 4] = AddText(backslash, c < 16 ? "u000" : "u001");
            var digit = c & 15;
            var lower = digit < 10 ? '0' + digit : 'a' + digit - 10;
            AddEdge(ends[c >> 4], lower, lower, to);
            if (digit >= 10)
                AddEdge(ends[c >> 4], 'A' + digit - 10, 'A' + digit - 10, to);
        }
    }

    /// <summary>All UTF-8 sequences of the code points lo…hi; surrogates are left out, because UTF-8 has
    /// none.</summary>
    private void AddUtf8(int from, int lo, int hi, int to)
    {
        ReadOnlySpan<(int Lo, int Hi)> lengths = [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF),
            (0x10000, 0x10FFFF)];
        Span<byte> first = stackalloc byte[4], last = stackalloc byte[4];
        foreach (var (low, high) in lengths)
        {
            var (a, b) = (Math.Max(lo, low), Math.Min(hi, high));
            if (a > b)
                continue;
            var n = Encode(a, first);
            Encode(b, last);
            AddSequences(from, first[..n], last[..n], to);
        }
    }

    private void AddSequences(int from, ReadOnlySpan<byte> lo, ReadOnlySpan<byte> hi, int to)
    {
        if (lo.Length == 1)
        {
            AddEdge(from, lo[0], hi[0], to);
            return;
        }
        if (lo[0] == hi[0])
        {
            AddSequences(AddAfter(from, lo[0], lo[0]), lo[1..], hi[1..], to);
            return;
        }
        // Three parts: the rest of lo's lead byte, whole lead bytes, the beginning of hi's lead byte.
        Span<byte> bottom = [0x80, 0x80, 0x80], top = [0xBF, 0xBF, 0xBF];
        bottom = bottom[..(lo.Length - 1)];
        top = top[..(lo.Length - 1)];
        var (wholeLo, wholeHi) = (lo[0], hi[0]);
        if (!lo[1..].SequenceEqual(bottom))
        {
            AddSequences(AddAfter(from, lo[0], lo[0]), lo[1..], top, to);
            wholeLo++;
        }
        if (!hi[1..].SequenceEqual(top))
        {
            AddSequences(AddAfter(from, hi[0], hi[0]), bottom, hi[1..], to);
            wholeHi--;
        }
        if (wholeLo <= wholeHi)
            AddSequences(AddAfter(from, wholeLo, wholeHi), bottom, top, to);
    }

    private int AddAfter(int from, byte lo, byte hi)
    {
        var next = AddState();
        AddEdge(from, lo, hi, next);
        return next;
    }

    private static int Encode(int codePoint, Span<byte> bytes)
    {
        if (codePoint < 0x80)
        {
            bytes[0] = (byte)codePoint;
            return 1;
        }
        var n = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
        for (var i = n - 1; i > 0; i--, codePoint >>= 6)
            bytes[i] = (byte)(0x80 | (codePoint & 0x3F));
        bytes[0] = (byte)(codePoint | (n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0));
        return n;
    }
}
