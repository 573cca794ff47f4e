namespace Edge.Text;

/// <summary>The normal tokens of a vocabulary by their bytes: every token that begins a text is found in one walk.
/// Layout: nodes in order of depth, the children of a node side by side; nine bytes a node.</summary>
internal sealed class PieceTrie
{
    public const int Root = 0;

    private readonly byte[] _symbols;
    private readonly int[] _firstChild;
    private readonly int[] _tokens;

    public PieceTrie(Vocabulary vocabulary)
    {
        var sorted = new List<int>(vocabulary.Count);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) == TokenType.Normal && vocabulary.Bytes(id).Length > 0) sorted.Add(id);
        }
        sorted.Sort((a, b) =>
        {
            int order = vocabulary.Bytes(a).SequenceCompareTo(vocabulary.Bytes(b));
            return order != 0 ? order : a - b;
        });
        int nodes = CountNodes(vocabulary, sorted);
        (_symbols, _firstChild, _tokens) = (new byte[nodes], new int[nodes + 1], new int[nodes]);
        Fill(vocabulary, sorted);
    }

    /// <summary>The node that <paramref name="symbol"/> leads to; -1 for none.</summary>
    public int Child(int node, byte symbol)
    {
        int first = _firstChild[node], count = _firstChild[node + 1] - first;
        int found = _symbols.AsSpan(first, count).IndexOf(symbol);
        return found < 0 ? -1 : first + found;
    }

    /// <summary>The token that ends here; -1 for none.</summary>
    public int Token(int node) => _tokens[node];

    private static int CountNodes(Vocabulary vocabulary, List<int> sorted)
    {
        int nodes = 1;
        ReadOnlySpan<byte> previous = [];
        foreach (int id in sorted)
        {
            ReadOnlySpan<byte> token = vocabulary.Bytes(id);
            nodes += token.Length - token.CommonPrefixLength(previous);
            previous = token;
        }
        return nodes;
    }

    /// <summary>A node is a range of the sorted tokens that share their first bytes; ranges of one depth after
    /// another.</summary>
    private void Fill(Vocabulary vocabulary, List<int> sorted)
    {
        int[] begin = new int[_tokens.Length], end = new int[_tokens.Length];
        end[Root] = sorted.Count;
        int made = 1;
        for (int node = 0, depth = 0, deeper = 1; node < _tokens.Length; node++)
        {
            if (node == deeper) (depth, deeper) = (depth + 1, made);
            int at = begin[node];
            _tokens[node] = -1;
            while (at < end[node] && vocabulary.Bytes(sorted[at]).Length == depth)
            {
                // Of tokens that read the same the first counts.
                if (_tokens[node] < 0) _tokens[node] = sorted[at];
                at++;
            }
            _firstChild[node] = made;
            while (at < end[node])
            {
                byte symbol = vocabulary.Bytes(sorted[at])[depth];
                (_symbols[made], begin[made]) = (symbol, at);
                while (at < end[node] && vocabulary.Bytes(sorted[at])[depth] == symbol) at++;
                end[made++] = at;
            }
        }
        _firstChild[^1] = made;
    }
}
