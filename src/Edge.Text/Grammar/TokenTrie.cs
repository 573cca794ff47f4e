using System.Buffers;
using System.Text;

namespace Edge.Text;

/// <summary>
/// All tokens of a vocabulary as a byte trie; built once per model, immutable, shared. Layout: nodes in preorder, so
/// that a walk is one pass over an array which jumps over what is not allowed. Tokens without bytes, and those longer
/// than 128 bytes, are never allowed.
/// </summary>
public sealed class TokenTrie
{
    /// <summary>End: the node behind this one's subtree. Token: the first token that ends here, -1 for none; Depth
    /// counts from 1.</summary>
    internal readonly record struct Node(int End, int Token, byte Symbol, byte Depth);

    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly int[] _plain;
    /// <summary>Plain tokens of at most so many characters.</summary>
    private readonly int[] _plainUpTo = new int[GrammarLimits.TokenBytesMax + 1];

    private TokenTrie(byte[] bytes, int[] offsets, Node[] nodes, Node[] mixed, List<(int Characters, int Token)> plain,
        int[] sameBytes,
        bool[] ends)
    {
        (_bytes, _offsets, Nodes, MixedNodes, SameBytes, Ends) = (bytes, offsets, nodes, mixed, sameBytes, ends);
        LongestToken = Math.Max(1, nodes.Aggregate(0, (longest, node) => Math.Max(longest, node.Depth)));
        plain.Sort();
        _plain = [.. plain.Select(item => item.Token)];
        foreach (var (characters, _) in plain)
            _plainUpTo[characters]++;
        for (var i = 1; i < _plainUpTo.Length; i++)
            _plainUpTo[i] += _plainUpTo[i - 1];
        HasEveryByte = true;
        foreach (var node in nodes)
        {
            if (node.Depth == 1 && node.Token >= 0)
                SingleBytes[node.Symbol] = true;
        }
        for (var b = 0; b < 256; b++)
            HasEveryByte &= SingleBytes[b] || b is 0xC0 or 0xC1 or >= 0xF5;
    }

    public int VocabularySize => _offsets.Length - 1;

    internal Node[] Nodes { get; }
    /// <summary>The same without the tokens that are plain text: whole characters that a JSON string holds as they
    /// are.</summary>
    internal Node[] MixedNodes { get; }

    /// <summary>Tokens of at most <paramref name="characters"/> characters of plain text.</summary>
    internal ReadOnlySpan<int> PlainTokens(int characters) =>
        _plain.AsSpan(0, _plainUpTo[Math.Clamp(characters, 0, GrammarLimits.TokenBytesMax)]);

    /// <summary>The next token with the same bytes, -1 at the last.</summary>
    internal int[] SameBytes { get; }
    internal bool[] Ends { get; }
    internal int LongestToken { get; }
    internal bool[] SingleBytes { get; } = new bool[256];

    /// <summary>Every byte that UTF-8 uses is a token of its own, as in all byte-level and byte-fallback
    /// vocabularies.</summary>
    public bool HasEveryByte { get; }

    internal ReadOnlySpan<byte> TokenBytes(int id) => _bytes.AsSpan(_offsets[id], _offsets[id + 1] - _offsets[id]);

    public static TokenTrie Build(Tokenizer tokenizer)
    {
        var tokens = new byte[tokenizer.VocabularySize][];
        var ends = new List<int>();
        for (var id = 0; id < tokens.Length; id++)
        {
            tokens[id] = tokenizer.IsControl(id) ? [] : tokenizer.TokenBytes(id).ToArray();
            if (tokenizer.IsEndOfGeneration(id))
                ends.Add(id);
        }
        return Build(tokens, ends);
    }

    /// <summary>From the bytes of each token; end-of-generation tokens mean the end, whatever their bytes.</summary>
    public static TokenTrie Build(IReadOnlyList<byte[]> tokens, IReadOnlyCollection<int> endOfGeneration)
    {
        var ends = new bool[tokens.Count];
        foreach (var id in endOfGeneration)
            ends[id] = true;
        var offsets = new int[tokens.Count + 1];
        for (var id = 0; id < tokens.Count; id++)
            offsets[id + 1] = offsets[id] + (ends[id] ? 0 : tokens[id].Length);
        var bytes = new byte[offsets[^1]];
        var sorted = new List<int>();
        for (var id = 0; id < tokens.Count; id++)
        {
            if (ends[id])
                continue;
            tokens[id].CopyTo(bytes.AsSpan(offsets[id]));
            if (tokens[id].Length is 0 or > GrammarLimits.TokenBytesMax)
                continue;
            sorted.Add(id);
        }
        sorted.Sort((a, b) =>
        {
            var order = tokens[a].AsSpan().SequenceCompareTo(tokens[b]);
            return order != 0 ? order : a.CompareTo(b);
        });
        var sameBytes = new int[tokens.Count];
        Array.Fill(sameBytes, -1);
        var plain = new List<(int Characters, int Token)>();
        var mixed = new List<int>();
        foreach (var id in sorted)
        {
            var characters = PlainCharacters(tokens[id]);
            if (characters > 0)
                plain.Add((characters, id));
            else
                mixed.Add(id);
        }
        var (nodes, mixedNodes) = (AddNodes(tokens, sorted, sameBytes), AddNodes(tokens, mixed, sameBytes));
        return new TokenTrie(bytes, offsets, nodes, mixedNodes, plain, sameBytes, ends);
    }

    /// <summary>Code points of plain text; 0 where a byte is not whole UTF-8 or means something in a JSON
    /// string.</summary>
    private static int PlainCharacters(ReadOnlySpan<byte> token)
    {
        var characters = 0;
        while (token.Length > 0)
        {
            if (Rune.DecodeFromUtf8(token, out var rune, out var used) != OperationStatus.Done
                || rune.Value is < 0x20 or '"' or '\\')
                return 0;
            characters++;
            token = token[used..];
        }
        return characters;
    }

    private static Node[] AddNodes(IReadOnlyList<byte[]> tokens, List<int> sorted, int[] sameBytes)
    {
        var nodes = new List<Node>();
        var path = new Stack<int>();
        byte[] previous = [];
        var last = -1;
        foreach (var id in sorted)
        {
            var token = tokens[id];
            var shared = token.AsSpan().CommonPrefixLength(previous);
            if (shared == token.Length && shared == previous.Length)
            {
                sameBytes[last] = id;
                last = id;
                continue;
            }
            while (path.Count > shared)
                Close();
            for (var depth = shared; depth < token.Length; depth++)
            {
                path.Push(nodes.Count);
                nodes.Add(new Node(0, depth == token.Length - 1 ? id : -1, token[depth], (byte)(depth + 1)));
            }
            (previous, last) = (token, id);
        }
        while (path.Count > 0)
            Close();
        return [.. nodes];

        void Close()
        {
            var node = path.Pop();
            nodes[node] = nodes[node] with { End = nodes.Count };
        }
    }
}
