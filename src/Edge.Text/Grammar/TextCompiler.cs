namespace Edge.Text;

/// <summary>Strings without a pattern: valid UTF-8, no bare control characters, every JSON escape, surrogates only in
/// pairs.</summary>
internal sealed class TextCompiler(AutomatonBuilder builder)
{
    /// <summary>A free string of min … max code points; Shapes: the frame's count is the characters begun so
    /// far.</summary>
    public int Start(int min, int max, string pointer)
    {
        var limited = min > 0 || max >= 0;
        var counted = new State { Cost = CostKind.Counted, Owner = -1, Min = min, Max = max < 0 ? int.MaxValue : max };
        var start = builder.Add(default, pointer);
        var end = builder.Add(new State { Jump = Jump.Return }, pointer);
        var body = builder.Add(counted with { FreeText = true }, pointer);
        builder.Edge(start, '"', body);
        var plain = limited ? builder.Add(counted, pointer) : body;
        AddCharacters(plain, body, counted, limited ? Automaton.CountFlag : 0, pointer);
        if (!limited)
        {
            builder.Edge(body, '"', end);
            return start;
        }
        var within = builder.Add(counted, pointer);
        builder.Edge(within, '"', end);
        AddCharacters(within, body, counted, Automaton.CountFlag, pointer);
        var full = builder.Add(counted, pointer);
        builder.Edge(full, '"', end);
        ref var gate = ref builder[body];
        (gate.Jump, gate.A, gate.B, gate.C) = (Jump.Gate, plain, within, full);
        return start;
    }

    /// <summary>One character, as UTF-8 or escaped, from <paramref name="from"/> to <paramref name="to"/>; its first
    /// byte counts it.</summary>
    private void AddCharacters(int from, int to, State counted, int flag, string pointer)
    {
        int State() => builder.Add(counted, pointer);
        int Hex(int next)
        {
            var state = State();
            builder.Edge(state, '0', '9', next);
            builder.Edge(state, 'A', 'F', next);
            builder.Edge(state, 'a', 'f', next);
            return state;
        }
        builder.Edge(from, 0x20, '"' - 1, to | flag);
        builder.Edge(from, '"' + 1, '\\' - 1, to | flag);
        builder.Edge(from, '\\' + 1, 0x7F, to | flag);
        int one = State(), two = State(), three = State(), e0 = State(), ed = State(), f0 = State(), f4 = State();
        builder.Edge(one, 0x80, 0xBF, to);
        builder.Edge(two, 0x80, 0xBF, one);
        builder.Edge(three, 0x80, 0xBF, two);
        builder.Edge(e0, 0xA0, 0xBF, one);
        builder.Edge(ed, 0x80, 0x9F, one);
        builder.Edge(f0, 0x90, 0xBF, two);
        builder.Edge(f4, 0x80, 0x8F, two);
        foreach (var (lo, hi, next) in ((int, int, int)[])
            [(0xC2, 0xDF, one), (0xE0, 0xE0, e0), (0xE1, 0xEC, two), (0xED, 0xED, ed), (0xEE, 0xEF, two),
             (0xF0, 0xF0, f0), (0xF1, 0xF3, three), (0xF4, 0xF4, f4)])
            builder.Edge(from, lo, hi, next | flag);
        var escape = State();
        builder.Edge(from, '\\', escape | flag);
        foreach (var c in "\"\\/bfnrt")
            builder.Edge(escape, c, to);
        int digit2 = Hex(Hex(to)), digit1 = Hex(digit2), digit0 = State();
        builder.Edge(escape, 'u', digit0);
        foreach (var (lo, hi) in ((char, char)[])[('0', '9'), ('A', 'C'), ('E', 'F'), ('a', 'c'), ('e', 'f')])
            builder.Edge(digit0, lo, hi, digit1);
        // \uD8… must be followed by its other half; the pair is one character. \uDC… alone never comes.
        int afterD = State(), low = State(), lowU = State(), lowD = State(), lowHalf = State();
        builder.Edge(digit0, 'D', afterD);
        builder.Edge(digit0, 'd', afterD);
        builder.Edge(afterD, '0', '7', digit2);
        var high = Hex(Hex(low));
        foreach (var c in "89ABab")
            builder.Edge(afterD, c, high);
        builder.Edge(low, '\\', lowU);
        builder.Edge(lowU, 'u', lowD);
        builder.Edge(lowD, 'D', lowHalf);
        builder.Edge(lowD, 'd', lowHalf);
        builder.Edge(lowHalf, 'C', 'F', digit2);
        builder.Edge(lowHalf, 'c', 'f', digit2);
    }
}
