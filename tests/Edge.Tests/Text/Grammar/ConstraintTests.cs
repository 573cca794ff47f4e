using System.Text;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text.Grammar;

[Collection(AloneCollection.Name)]
public sealed class ConstraintTests
{
    private static bool IsSet(ulong[] mask, int id) => (mask[id >> 6] >> (id & 63) & 1) != 0;

    private static void Accept(TokenConstraint constraint, string text)
    {
        foreach (var b in Encoding.UTF8.GetBytes(text))
            Assert.True(constraint.Accept(b), $"byte {(char)b} of {text}");
    }

    [Fact]
    public void FillMask_EveryToken_AgreesWithAccept()
    {
        // The mask (one walk over the trie, cached) against the plain question, token by token, with a copy.
        var tokens = Vocabularies.Tokens(600, seed: 3);
        var trie = TokenTrie.Build(tokens, [Vocabularies.End, Vocabularies.OtherEnd]);
        var random = new Random(11);
        foreach (var schema in SchemaSamples.All)
        {
            var grammar = SchemaSamples.Compile(schema);
            TokenConstraint constraint = new(grammar, trie), copy = new(grammar, trie);
            var mask = new ulong[(tokens.Count + 63) / 64];
            for (var step = 0; step < 25 && constraint.FillMask(mask, 5000); step++)
            {
                var allowed = new List<int>();
                for (var id = 0; id < tokens.Count; id++)
                {
                    constraint.CopyTo(copy);
                    Assert.Equal(IsSet(mask, id), copy.Accept(id));
                    if (IsSet(mask, id) && id is not (Vocabularies.End or Vocabularies.OtherEnd))
                        allowed.Add(id);
                }
                if (allowed.Count == 0)
                    break;
                Assert.True(constraint.Accept(allowed[random.Next(allowed.Count)]));
            }
        }
    }

    [Fact]
    public void FillMask_BudgetOfMinimum_AllowsOnlyShortestReplies()
    {
        var constraint = new TokenConstraint(SchemaSamples.Compile(SchemaSamples.Verdict), Vocabularies.Bytes);
        const string Shortest = """{"status":"ok","sensor":"co2","reason":"","action":"log"}""";
        Assert.Equal(Shortest.Length, constraint.MinimumTokens);
        var mask = new ulong[5];
        Assert.False(constraint.FillMask(mask, Shortest.Length - 1));
        Assert.All(mask, word => Assert.Equal(0UL, word));
        Accept(constraint, """{"status":""");
        Assert.True(constraint.FillMask(mask, Shortest.Length - 10));
        Assert.True(IsSet(mask, '"'));
        Assert.False(IsSet(mask, ' '));
        Accept(constraint, "\"");
        Assert.True(constraint.FillMask(mask, Shortest.Length - 11));
        Assert.True(IsSet(mask, 'o'));
        Assert.False(IsSet(mask, 'c'));
        Assert.True(constraint.FillMask(mask, Shortest.Length));
        Assert.True(IsSet(mask, 'c'));
    }

    [Fact]
    public void CanEnd_NumberAtTopLevel_MayEndOrGoOn()
    {
        var constraint = new TokenConstraint(SchemaSamples.Compile("""{"type":"integer","minimum":0,"maximum":120}"""),
            Vocabularies.Bytes);
        var mask = new ulong[5];
        Accept(constraint, "1");
        Assert.True(constraint.CanEnd);
        Assert.False(constraint.MustEnd);
        Assert.True(constraint.FillMask(mask, 9));
        Assert.True(IsSet(mask, Vocabularies.End) && IsSet(mask, Vocabularies.OtherEnd) && IsSet(mask, '2'));
        Accept(constraint, "20");
        Assert.True(constraint.MustEnd);
        Assert.True(constraint.Accept(Vocabularies.End));
        Assert.False(constraint.FillMask(mask, 9));
        Assert.False(constraint.Accept('1'));
        constraint.Reset();
        Assert.False(constraint.CanEnd);
        Assert.False(constraint.Accept(Vocabularies.End));
        Accept(constraint, "7");
    }

    [Fact]
    public void Accept_TokenThatBreaksHalfway_LeavesStateAlone()
    {
        var tokens = Vocabularies.Tokens(0, 0);
        tokens.Add("tru]"u8.ToArray());
        tokens.Add("true]"u8.ToArray());
        var trie = TokenTrie.Build(tokens, [Vocabularies.End]);
        var constraint = new TokenConstraint(SchemaSamples.Compile("""{"type":"array","items":{"type":"boolean"}}"""),
            trie);
        Assert.True(constraint.Accept('['));
        Assert.False(constraint.Accept(258));
        Assert.False(constraint.Accept(257));
        Assert.False(constraint.Accept(-1));
        Assert.False(constraint.Accept(9999));
        Assert.True(constraint.Accept(259));
        Assert.True(constraint.MustEnd);
    }

    [Fact]
    public void CopyTo_InsideNestedValue_GoesBackExactly()
    {
        var grammar = SchemaSamples.Compile(
            """{"type":"array","items":{"type":"array","items":{"type":"string","maxLength":3}},"maxItems":2}""");
        TokenConstraint constraint = new(grammar, Vocabularies.Bytes), saved = new(grammar, Vocabularies.Bytes);
        Accept(constraint, "[[\"ab");
        constraint.CopyTo(saved);
        ulong[] before = new ulong[5], after = new ulong[5];
        constraint.FillMask(before, 100);
        Accept(constraint, "c\"],[]]");
        Assert.True(constraint.MustEnd);
        saved.CopyTo(constraint);
        constraint.FillMask(after, 100);
        Assert.Equal(before, after);
        Assert.False(constraint.CanEnd);
        Accept(constraint, "c\"],[\"xyz\"]]");
        Assert.Throws<ArgumentException>(() =>
            constraint.CopyTo(new TokenConstraint(Edge.Text.Grammar.JsonObject, Vocabularies.Bytes)));
    }

    [Fact]
    public void MinimumTokens_VocabularyWithoutBraces_SaysNever()
    {
        var tokens = Vocabularies.Tokens(0, 0);
        tokens['}'] = [];
        var trie = TokenTrie.Build(tokens, [Vocabularies.End]);
        Assert.False(trie.HasEveryByte);
        var constraint = new TokenConstraint(Edge.Text.Grammar.JsonObject, trie);
        Assert.Equal(int.MaxValue, constraint.MinimumTokens);
        Assert.False(constraint.FillMask(new ulong[5], 1_000_000));
    }

    [Fact]
    public void FillMask_VocabularyWithoutSomeBytes_StillCloses()
    {
        // Without 'l' a reply cannot be null or false, and "ok" is the only way to close the status.
        var tokens = Vocabularies.Tokens(300, seed: 5);
        tokens['l'] = [];
        tokens['7'] = [];
        var trie = TokenTrie.Build(tokens, [Vocabularies.End]);
        const string schema = """
            {"type":"object","properties":{"s":{"enum":["ok","null","critical"]},"n":{"type":["null","integer"]},
            "a":{}},"required":["s","n"]}
            """;
        var constraint = new TokenConstraint(SchemaSamples.Compile(schema), trie);
        var random = new Random(2);
        var mask = new ulong[(tokens.Count + 63) / 64];
        for (var walk = 0; walk < 60; walk++)
        {
            constraint.Reset();
            var reply = new List<byte>();
            for (var left = constraint.MinimumTokens + (walk % 20); left > 0 && !constraint.MustEnd; left--)
            {
                Assert.True(constraint.FillMask(mask, left));
                var token = random.Next(tokens.Count);
                while (!IsSet(mask, token))
                    token = (token + 1) % tokens.Count;
                Assert.True(constraint.Accept(token));
                reply.AddRange(tokens[token]);
            }
            Assert.True(constraint.CanEnd);
            Assert.True(SchemaValidator.IsValid(SchemaSamples.Parse(schema), Encoding.UTF8.GetString([.. reply])));
        }
    }

    [Fact]
    public void Build_TokensWithSameBytes_AreAllowedTogether()
    {
        var tokens = Vocabularies.Tokens(0, 0);
        tokens.AddRange(["tr"u8.ToArray(), "tr"u8.ToArray(), new byte[500]]);
        var trie = TokenTrie.Build(tokens, [Vocabularies.End]);
        var constraint = new TokenConstraint(SchemaSamples.Compile("""{"type":"boolean"}"""), trie);
        var mask = new ulong[5];
        Assert.True(constraint.FillMask(mask, 10));
        Assert.True(IsSet(mask, 258) && IsSet(mask, 259) && IsSet(mask, 't') && !IsSet(mask, 260));
        Assert.True(constraint.Accept(259));
    }

    [Fact]
    public void FillMask_AfterWarmUp_AllocatesNothing()
    {
        var tokens = Vocabularies.Tokens(512, seed: 9);
        var trie = TokenTrie.Build(tokens, [Vocabularies.End]);
        foreach (var grammar in (Edge.Text.Grammar[])[SchemaSamples.Compile(SchemaSamples.Verdict),
            Edge.Text.Grammar.JsonObject])
        {
            TokenConstraint constraint = new(grammar, trie), copy = new(grammar, trie);
            var mask = new ulong[(tokens.Count + 63) / 64];
            for (var seed = 1u; seed < 20; seed++)
                Generate(seed);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var seed = 1u; seed < 20; seed++)
                Generate(seed);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

            void Generate(uint seed)
            {
                constraint.Reset();
                for (var left = 200; left > 0 && !constraint.MustEnd; left--)
                {
                    constraint.FillMask(mask, left);
                    seed = (seed * 1664525) + 1013904223;
                    var token = (int)(seed % (uint)tokens.Count);
                    while (!IsSet(mask, token))
                        token = (token + 1) % tokens.Count;
                    constraint.CopyTo(copy);
                    constraint.Accept(token);
                }
            }
        }
    }

    [Fact]
    public void FillMask_ManyReadings_StaysBoundedAndClosable()
    {
        // Thirty-two objects that differ only at the end, nested in each other: readings multiply with every level.
        var branches = Enumerable.Range(0, 31).Select(i => $$"""
            {"type":"object","properties":{"a":{"$ref":"#"},"b{{i}}":{"const":{{i}} } },
            "required":["b{{i}}"],"additionalProperties":false}
            """);
        var schema = $$"""{"anyOf":[{{string.Join(',', branches)}},{"type":"null"}]}""";
        var constraint = new TokenConstraint(SchemaSamples.Compile(schema), Vocabularies.Bytes);
        Accept(constraint, string.Concat(Enumerable.Repeat("{\"a\":", 10)));
        var mask = new ulong[5];
        var reply = new StringBuilder(string.Concat(Enumerable.Repeat("{\"a\":", 10)));
        for (var left = 400; left > 0 && !constraint.MustEnd; left--)
        {
            Assert.True(constraint.FillMask(mask, left));
            var token = Enumerable.Range(0, 256).Reverse().First(id => IsSet(mask, id)
                && id is not (' ' or '\n' or '\t' or '{'));
            Assert.True(constraint.Accept(token));
            reply.Append((char)token);
        }
        Assert.True(constraint.CanEnd);
        Assert.True(SchemaValidator.IsValid(SchemaSamples.Parse(schema), reply.ToString()));
    }
}
