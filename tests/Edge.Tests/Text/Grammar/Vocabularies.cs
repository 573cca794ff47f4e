using System.Text;
using Edge.Text;

namespace Edge.Tests.Text.Grammar;

/// <summary>Made-up vocabularies: every byte, pieces of JSON and random longer pieces, and two end tokens.</summary>
internal static class Vocabularies
{
    public const int End = 256, OtherEnd = 257;

    /// <summary>Token i is byte i; 256 and 257 end the reply.</summary>
    public static TokenTrie Bytes { get; } = TokenTrie.Build(Tokens(0, 0), [End, OtherEnd]);

    public static List<byte[]> Tokens(int pieces, int seed)
    {
        var random = new Random(seed);
        var tokens = Enumerable.Range(0, 256).Select(b => new[] { (byte)b }).ToList();
        tokens.Add("<end>"u8.ToArray());
        tokens.Add([]);
        string[] json = ["{\"", "\":", "\",\"", "\"}", "},", "[", "],[", "null", "true", "false", "0.", "12", "-1",
            "\\u00", "\\ud83d", "\\n",
            ", ", "\n  ", "\": \"", "ab", "cd", "é", "日本", "😀", "status", "reason", "{}", "[]", "\"\"", "]}", "1e",
                " ", "kind"];
        for (var i = 0; i < pieces; i++)
        {
            var piece = new List<byte>();
            for (var parts = random.Next(1, 4); parts > 0; parts--)
            {
                if (random.Next(3) > 0)
                    piece.AddRange(Encoding.UTF8.GetBytes(json[random.Next(json.Length)]));
                else
                    piece.AddRange(Enumerable.Range(0, random.Next(1, 4))
                        .Select(_ => (byte)random.Next(i % 4 == 0 ? 256 : 127)));
            }
            tokens.Add([.. piece]);
        }
        return tokens;
    }

    /// <summary>Whether the grammar lets exactly these bytes through as a whole reply.</summary>
    public static bool Matches(Edge.Text.Grammar grammar, ReadOnlySpan<byte> text)
    {
        var constraint = new TokenConstraint(grammar, Bytes);
        foreach (var b in text)
        {
            if (!constraint.Accept(b))
                return false;
        }
        return constraint.CanEnd;
    }
}
