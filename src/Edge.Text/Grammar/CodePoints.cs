namespace Edge.Text;

/// <summary>Sets of code points as sorted, disjoint ranges, and the classes of the pattern subset.</summary>
internal static class CodePoints
{
    public static readonly (int Lo, int Hi)[] Digit = [('0', '9')];
    public static readonly (int Lo, int Hi)[] Word = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
    /// <summary>What every engine agrees is \s: a subset, so that a match here is a match anywhere.</summary>
    public static readonly (int Lo, int Hi)[] Space = [('\t', '\r'), (' ', ' ')];
    /// <summary>What any engine may call \s: its complement is \S, again a subset of everyone's.</summary>
    public static readonly (int Lo, int Hi)[] SpaceWide =
    [
        ('\t', '\r'), (0x1C, ' '), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x180E, 0x180E), (0x2000, 0x200A),
        (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
    ];
    public static readonly (int Lo, int Hi)[] LineEnd = [('\n', '\n'), ('\r', '\r'), (0x85, 0x85), (0x2028, 0x2029)];

    /// <summary>Sorts and joins.</summary>
    public static List<(int Lo, int Hi)> Normalise(List<(int Lo, int Hi)> ranges)
    {
        ranges.Sort();
        var joined = new List<(int Lo, int Hi)>();
        foreach (var (lo, hi) in ranges)
        {
            if (joined.Count > 0 && lo <= joined[^1].Hi + 1)
                joined[^1] = (joined[^1].Lo, Math.Max(joined[^1].Hi, hi));
            else
                joined.Add((lo, hi));
        }
        return joined;
    }

    /// <summary>All code points that are not in <paramref name="ranges"/>.</summary>
    public static List<(int Lo, int Hi)> Complement(IEnumerable<(int Lo, int Hi)> ranges)
    {
        var result = new List<(int Lo, int Hi)>();
        var next = 0;
        foreach (var (lo, hi) in Normalise([.. ranges]))
        {
            if (lo > next)
                result.Add((next, lo - 1));
            next = hi + 1;
        }
        if (next <= 0x10FFFF)
            result.Add((next, 0x10FFFF));
        return result;
    }
}
