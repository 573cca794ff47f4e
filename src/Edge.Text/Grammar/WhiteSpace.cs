namespace Edge.Text;

/// <summary>
/// Where white space may stand: one space, or one line break and at most <see cref="GrammarLimits.IndentMax"/> spaces
/// or tabs, after an opening bracket, after a comma and before a closing bracket; one space after a colon; none
/// elsewhere. Bounded, so that a hot model cannot loop in it.
/// </summary>
internal static class WhiteSpace
{
    /// <summary>States that go on alike: before white space (the first; enter here), after a space, after a line
    /// break.</summary>
    public static int[] AddSpaced(this AutomatonBuilder builder, State state, bool lines, string pointer)
    {
        var bare = builder.Add(state, pointer);
        var spaced = builder.Add(state, pointer);
        builder.Edge(bare, ' ', spaced);
        if (!lines)
            return [bare, spaced];
        var line = builder.Add(state, pointer);
        builder.Edge(bare, '\n', line);
        builder.Edge(line, ' ', line | Automaton.SpaceFlag);
        builder.Edge(line, '\t', line | Automaton.SpaceFlag);
        return [bare, spaced, line];
    }

    /// <summary>Lets each of <paramref name="states"/> close the value, with or without white space before the
    /// bracket.</summary>
    public static void AddClosing(this AutomatonBuilder builder, char bracket, int end, string pointer,
        params ReadOnlySpan<int> states)
    {
        var group = builder.AddSpaced(default, lines: true, pointer);
        foreach (var state in group)
            builder.Edge(state, bracket, end);
        foreach (var state in states)
        {
            builder.Edge(state, bracket, end);
            builder.Edge(state, ' ', group[1]);
            builder.Edge(state, '\n', group[2]);
        }
    }
}
