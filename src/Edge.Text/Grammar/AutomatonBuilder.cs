using System.Runtime.InteropServices;

namespace Edge.Text;

/// <summary>Collects states and edges, then freezes them into an <see cref="Automaton"/>.</summary>
internal sealed class AutomatonBuilder
{
    private readonly List<State> _states = [];
    private readonly List<Edge> _edges = [];

    public List<int> Forks { get; } = [];
    public List<ObjectShape> Objects { get; } = [];

    public int Add(State state, string pointer)
    {
        if (_states.Count >= GrammarLimits.StatesMax)
        {
            throw SchemaRefusedException.At("", pointer,
                $"needs more than {GrammarLimits.StatesMax} states; use fewer values, shorter names or smaller bounds");
        }
        _states.Add(state);
        return _states.Count - 1;
    }

    public ref State this[int state] => ref CollectionsMarshal.AsSpan(_states)[state];

    public void Edge(int from, int lo, int hi, int to) => _edges.Add(new Edge(from, (byte)lo, (byte)hi, to));

    public void Edge(int from, char c, int to) => Edge(from, c, c, to);

    /// <summary>Copies a whole deterministic automaton; accepting states return.</summary>
    public int AddDfa(ByteDfa dfa, string pointer)
    {
        var start = _states.Count;
        for (var i = 0; i < dfa.Edges.Count; i++)
            Add(new State { Jump = dfa.Accepting[i] ? Jump.Return : Jump.None }, pointer);
        for (var i = 0; i < dfa.Edges.Count; i++)
        {
            foreach (var (lo, hi, to) in dfa.Edges[i])
                Edge(start + i, lo, hi, start + to);
        }
        return start;
    }

    /// <summary>A tree of fixed texts; each whole text returns.</summary>
    public int AddTexts(IEnumerable<byte[]> texts, string pointer)
    {
        var start = Add(default, pointer);
        var children = new Dictionary<(int, byte), int>();
        foreach (var text in texts)
        {
            var state = start;
            foreach (var b in text)
            {
                if (!children.TryGetValue((state, b), out var next))
                {
                    children[(state, b)] = next = Add(default, pointer);
                    Edge(state, b, b, next);
                }
                state = next;
            }
            this[state].Jump = Jump.Return;
        }
        return start;
    }

    public Automaton Freeze(int start)
    {
        var edges = _edges.ToArray();
        Array.Sort(edges, (a, b) => a.From != b.From ? a.From - b.From : a.Lo - b.Lo);
        var from = new int[_states.Count + 1];
        var cut = new bool[257];
        foreach (var edge in edges)
        {
            from[edge.From + 1]++;
            cut[edge.Lo] = cut[edge.Hi + 1] = true;
        }
        for (var i = 0; i < _states.Count; i++)
            from[i + 1] += from[i];
        // Bytes that no edge tells apart share a class.
        var classOf = new byte[256];
        for (var b = 1; b < 256; b++)
            classOf[b] = (byte)(classOf[b - 1] + (cut[b] ? 1 : 0));
        var classes = classOf[255] + 1;
        var next = new int[_states.Count * classes];
        Array.Fill(next, -1);
        foreach (var edge in edges)
        {
            for (int c = classOf[edge.Lo]; c <= classOf[edge.Hi]; c++)
                next[edge.From * classes + c] = edge.To;
        }
        return new Automaton
        {
            States = [.. _states], Forks = [.. Forks], Objects = [.. Objects], Edges = edges, EdgeFrom = from,
            ClassOf = classOf, Classes = classes, Next = next, Start = start,
        };
    }
}
