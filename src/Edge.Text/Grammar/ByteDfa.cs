using System.Runtime.InteropServices;

namespace Edge.Text;

/// <summary>A deterministic automaton over bytes; state 0 is the start.</summary>
internal sealed class ByteDfa
{
    public List<List<(byte Lo, byte Hi, int To)>> Edges { get; } = [];
    public List<bool> Accepting { get; } = [];

    private int Add(string keyword, string pointer)
    {
        if (Edges.Count >= GrammarLimits.DfaStatesMax)
        {
            throw SchemaRefusedException.At(keyword, pointer,
                $"needs more than {GrammarLimits.DfaStatesMax} states; use smaller repetitions, bounds or factors");
        }
        Edges.Add([]);
        Accepting.Add(false);
        return Edges.Count - 1;
    }

    /// <summary>Subset construction.</summary>
    public static ByteDfa From(ByteNfa nfa, int start, int accept, CompileBudget budget)
    {
        var dfa = new ByteDfa();
        var ids = new Dictionary<int[], int>(new SetComparer());
        var pending = new Queue<(int Id, int[] Set)>();
        var seen = new int[nfa.Count];
        var round = 0;
        int Intern(List<int> seeds)
        {
            var set = Close(nfa, seeds, seen, ++round);
            budget.Spend(set.Length + 1, nfa.Keyword, nfa.Pointer);
            if (ids.TryGetValue(set, out var known))
                return known;
            var id = dfa.Add(nfa.Keyword, nfa.Pointer);
            dfa.Accepting[id] = Array.BinarySearch(set, accept) >= 0;
            ids.Add(set, id);
            pending.Enqueue((id, set));
            return id;
        }
        Intern([start]);
        var targets = new List<int>();
        while (pending.TryDequeue(out var item))
        {
            var edges = new List<(byte Lo, byte Hi, int To)>();
            foreach (var state in item.Set)
                edges.AddRange(nfa.Edges(state));
            var cuts = new SortedSet<int>();
            foreach (var edge in edges)
            {
                cuts.Add(edge.Lo);
                cuts.Add(edge.Hi + 1);
            }
            budget.Spend(edges.Count * (cuts.Count + 1), nfa.Keyword, nfa.Pointer);
            var from = -1;
            foreach (var cut in cuts)
            {
                if (from >= 0)
                {
                    targets.Clear();
                    foreach (var edge in edges)
                    {
                        if (edge.Lo <= from && from <= edge.Hi)
                            targets.Add(edge.To);
                    }
                    if (targets.Count > 0)
                        dfa.AddEdge(item.Id, from, cut - 1, Intern(targets));
                }
                from = cut;
            }
        }
        return dfa;
    }

    private void AddEdge(int from, int lo, int hi, int to)
    {
        var list = Edges[from];
        if (list.Count > 0 && list[^1].To == to && list[^1].Hi == lo - 1)
            list[^1] = (list[^1].Lo, (byte)hi, to);
        else
            list.Add(((byte)lo, (byte)hi, to));
    }

    private static int[] Close(ByteNfa nfa, List<int> seeds, int[] seen, int round)
    {
        var found = new List<int>();
        foreach (var seed in seeds)
            Visit(seed);
        for (var i = 0; i < found.Count; i++)
        {
            foreach (var next in nfa.Jumps(found[i]))
                Visit(next);
        }
        found.Sort();
        return [.. found];

        void Visit(int state)
        {
            if (seen[state] == round)
                return;
            seen[state] = round;
            found.Add(state);
        }
    }

    /// <summary>Keeps the strings ("…" with the quotes) that have between min and max code points; max -1 is
    /// unbounded.</summary>
    public ByteDfa WithLength(int min, int max, string keyword, string pointer, CompileBudget budget)
    {
        var boundary = Boundaries();
        return Product(keyword, pointer, budget, (0, -1), (from, edge, count) =>
        {
            // The opening quote begins with -1; the first byte of a character counts it; the closing quote needs
            // enough of them.
            if (from == 0)
                return 0;
            if (!boundary[from])
                return count;
            if (edge.Lo == '"')
                return count >= min ? count : null;
            var next = max < 0 ? Math.Min(count + 1, min) : count + 1;
            return max >= 0 && next > max ? null : next;
        }, (_, _) => true);
    }

    /// <summary>Keeps the decimal integers that are multiples of <paramref name="factor"/>.</summary>
    public ByteDfa WithFactor(int factor, string pointer, CompileBudget budget) =>
        Product("multipleOf", pointer, budget, (0, 0),
            (_, edge, rest) => edge.Lo == '-' ? rest : (int)(((long)rest * 10 + (edge.Lo - '0')) % factor),
            (_, rest) => rest == 0, splitDigits: true);

    private ByteDfa Product(string keyword, string pointer, CompileBudget budget, (int State, int Extra) start,
        Func<int, (byte Lo, byte Hi, int To), int, int?> step, Func<int, int, bool> accept, bool splitDigits = false)
    {
        var dfa = new ByteDfa();
        var ids = new Dictionary<(int, int), int>();
        var pending = new Queue<(int State, int Extra)>();
        int Intern((int State, int Extra) key)
        {
            ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(ids, key, out var known);
            if (known)
                return id;
            id = dfa.Add(keyword, pointer);
            dfa.Accepting[id] = Accepting[key.State] && accept(key.State, key.Extra);
            pending.Enqueue(key);
            return id;
        }
        Intern(start);
        while (pending.TryDequeue(out var key))
        {
            var from = ids[key];
            foreach (var edge in Edges[key.State])
            {
                var width = splitDigits ? 1 : edge.Hi - edge.Lo + 1;
                for (int lo = edge.Lo; lo <= edge.Hi; lo += width)
                {
                    budget.Spend(1, keyword, pointer);
                    if (step(key.State, ((byte)lo, (byte)(lo + width - 1), edge.To), key.Extra) is { } extra)
                        dfa.AddEdge(from, lo, lo + width - 1, Intern((edge.To, extra)));
                }
            }
        }
        return dfa;
    }

    /// <summary>States between two characters of a string: after the opening quote and after each whole
    /// character.</summary>
    private bool[] Boundaries()
    {
        var boundary = new bool[Edges.Count];
        // 0: before a character; 1…3: continuation bytes to come; 4: after a backslash; 5…8: digits of \u to come.
        var kind = new int[Edges.Count];
        Array.Fill(kind, -1);
        var pending = new Queue<int>();
        foreach (var edge in Edges[0])
        {
            kind[edge.To] = 0;
            pending.Enqueue(edge.To);
        }
        while (pending.TryDequeue(out var state))
        {
            boundary[state] = kind[state] == 0;
            foreach (var (lo, _, to) in Edges[state])
            {
                if (kind[to] >= 0)
                    continue;
                kind[to] = kind[state] switch
                {
                    0 when lo == '\\' => 4,
                    0 => lo < 0x80 ? 0 : lo < 0xE0 ? 1 : lo < 0xF0 ? 2 : 3,
                    4 => lo == 'u' ? 8 : 0,
                    5 => 0,
                    var k => k - 1,
                };
                pending.Enqueue(to);
            }
        }
        return boundary;
    }

    private sealed class SetComparer : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] set)
        {
            var hash = new HashCode();
            foreach (var item in set)
                hash.Add(item);
            return hash.ToHashCode();
        }
    }
}
