namespace Edge.Text;

/// <summary>What a state may do without reading a byte.</summary>
internal enum Jump : byte
{
    None,
    /// <summary>The value is whole: go back to the frame below.</summary>
    Return,
    /// <summary>Go to A.</summary>
    Goto,
    /// <summary>Read a value from A and come back at B; the frame's count becomes C, or one more where C is
    /// -1.</summary>
    Call,
    /// <summary>Any of the states Forks[A … A+B).</summary>
    Fork,
    /// <summary>Count below Min: A; from Min and below Max: B; at Max: C.</summary>
    Gate,
}

/// <summary>How the least number of bytes to the end of a value depends on the frame's count.</summary>
internal enum CostKind : byte
{
    /// <summary>Not at all.</summary>
    Flat,
    /// <summary>Each of the Min - count - Pending missing characters or items costs more. Owner: the item's start, -1
    /// for characters.</summary>
    Counted,
    /// <summary>After a property's value: the required properties from count on. Owner: the object.</summary>
    Rest,
    /// <summary>Inside a property's name: KeyFrom … KeyTo of its object's keys are possible, as far as the count
    /// allows.</summary>
    Key,
}

/// <summary>One state; its byte transitions are in <see cref="Automaton.Next"/>.</summary>
internal record struct State
{
    public Jump Jump;
    public CostKind Cost;
    /// <summary>The item that is about to come is not in the count yet.</summary>
    public byte Pending;
    /// <summary>Key: names that are not declared are also possible.</summary>
    public bool Extra;
    /// <summary>Between two characters of a string without a pattern: any plain text may come, up to Max characters
    /// in all.</summary>
    public bool FreeText;
    public int A, B, C;
    public int Min, Max;
    public int Owner;
    /// <summary>Key: the bytes of the name that are behind, and the range of the sorted names.</summary>
    public int KeyDepth, KeyFrom, KeyTo;
}

/// <summary>Byte transitions of one state; To carries the flags of <see cref="Automaton"/>.</summary>
internal readonly record struct Edge(int From, byte Lo, byte Hi, int To);

/// <summary>Properties of one object, names in quotes. The frame's count is the first property that may still
/// come.</summary>
internal sealed record ObjectShape(
    byte[][] Names, int[] SortedKeys, int[] KeyBytes, int[] Values, bool[] Required, int[] NextRequired, int ExtraStart)
{
    public int Count => Values.Length;
}

/// <summary>
/// A pushdown automaton over bytes in flat arrays: deterministic rows for the regular parts, frames (return state and
/// count) for nesting. Layout: Next[state * Classes + ClassOf[byte]] is -1 or a state with flags.
/// </summary>
internal sealed class Automaton
{
    /// <summary>The transition counts one more character or item.</summary>
    public const int CountFlag = 1 << 24;
    /// <summary>The transition is one of a bounded run of spaces.</summary>
    public const int SpaceFlag = 1 << 25;
    public const int StateMask = CountFlag - 1;

    public required State[] States { get; init; }
    public required int[] Forks { get; init; }
    public required ObjectShape[] Objects { get; init; }
    /// <summary>Sorted by From; EdgeFrom[s] … EdgeFrom[s+1] are those of s.</summary>
    public required Edge[] Edges { get; init; }
    public required int[] EdgeFrom { get; init; }
    public required byte[] ClassOf { get; init; }
    public required int Classes { get; init; }
    public required int[] Next { get; init; }
    public required int Start { get; init; }
}
