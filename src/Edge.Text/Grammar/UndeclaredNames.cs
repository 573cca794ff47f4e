namespace Edge.Text;

/// <summary>
/// Property names that an object does not declare: plain text without escapes (so that no spelling of a declared name
/// slips through) that leaves the tree of declared names somewhere.
/// </summary>
internal sealed class UndeclaredNames(AutomatonBuilder builder, string pointer, int colon)
{
    /// <summary>Where a name is within a UTF-8 character.</summary>
    private enum Place { Between, One, Two, Three, E0, Ed, F0, F4 }

    private static readonly (Place From, byte Lo, byte Hi, Place To)[] Steps =
    [
        (Place.Between, 0x20, 0x21, Place.Between), (Place.Between, 0x23, 0x5B, Place.Between),
            (Place.Between, 0x5D, 0x7F, Place.Between),
        (Place.Between, 0xC2, 0xDF, Place.One), (Place.Between, 0xE0, 0xE0, Place.E0),
            (Place.Between, 0xE1, 0xEC, Place.Two),
        (Place.Between, 0xED, 0xED, Place.Ed), (Place.Between, 0xEE, 0xEF, Place.Two),
            (Place.Between, 0xF0, 0xF0, Place.F0),
        (Place.Between, 0xF1, 0xF3, Place.Three), (Place.Between, 0xF4, 0xF4, Place.F4),
            (Place.One, 0x80, 0xBF, Place.Between),
        (Place.Two, 0x80, 0xBF, Place.One), (Place.Three, 0x80, 0xBF, Place.Two), (Place.E0, 0xA0, 0xBF, Place.One),
        (Place.Ed, 0x80, 0x9F, Place.One), (Place.F0, 0x90, 0xBF, Place.Two), (Place.F4, 0x80, 0x8F, Place.Two),
    ];

    private readonly int[] _free = new int[8];

    /// <summary>The state behind the opening quote. Shapes: texts are the declared names in quotes, sorted.</summary>
    public int Start(byte[][] texts)
    {
        for (var place = 0; place < _free.Length; place++)
            _free[place] = builder.Add(default, pointer);
        foreach (var (from, lo, hi, to) in Steps)
            builder.Edge(_free[(int)from], lo, hi, _free[(int)to]);
        builder.Edge(_free[0], '"', colon);
        return AddBeside(texts, 0, texts.Length, 1, Place.Between);
    }

    private int AddBeside(byte[][] texts, int from, int to, int depth, Place place)
    {
        var state = builder.Add(default, pointer);
        var children = new SortedDictionary<byte, (int From, int To)>();
        for (var i = from; i < to; i++)
        {
            var b = texts[i][depth];
            children[b] = (children.TryGetValue(b, out var range) ? range.From : i, i + 1);
        }
        if (place == Place.Between && !children.ContainsKey((byte)'"'))
            builder.Edge(state, '"', colon);
        foreach (var (at, lo, hi, next) in Steps)
        {
            if (at != place)
                continue;
            int low = lo;
            foreach (var (b, range) in children)
            {
                if (b < lo || b > hi)
                    continue;
                if (low < b)
                    builder.Edge(state, low, b - 1, _free[(int)next]);
                builder.Edge(state, b, b, AddBeside(texts, range.From, range.To, depth + 1, next));
                low = b + 1;
            }
            if (low <= hi)
                builder.Edge(state, low, hi, _free[(int)next]);
        }
        return state;
    }
}
