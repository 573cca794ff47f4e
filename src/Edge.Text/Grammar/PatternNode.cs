namespace Edge.Text;

/// <summary>A regular expression over Unicode code points, after parsing.</summary>
internal abstract class PatternNode
{
    /// <summary>One code point out of sorted, disjoint ranges.</summary>
    public sealed class Set(List<(int Lo, int Hi)> ranges) : PatternNode
    {
        public List<(int Lo, int Hi)> Ranges { get; } = ranges;
    }

    public sealed class Sequence(List<PatternNode> parts) : PatternNode
    {
        public List<PatternNode> Parts { get; } = parts;
    }

    public sealed class Choice(List<PatternNode> options) : PatternNode
    {
        public List<PatternNode> Options { get; } = options;
    }

    /// <summary>Between Min and Max times; Max -1 is unbounded.</summary>
    public sealed class Repeat(PatternNode part, int min, int max) : PatternNode
    {
        public PatternNode Part { get; } = part;
        public int Min { get; } = min;
        public int Max { get; } = max;
    }

    public static Set Any { get; } = new([(0, 0x10FFFF)]);
}
