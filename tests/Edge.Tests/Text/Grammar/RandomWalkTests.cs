using System.Text;
using System.Text.Json;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>Whatever a model picks from the masks is JSON that an independent validator accepts, within the
/// budget.</summary>
public sealed class RandomWalkTests
{
    private const int WalksPerSchema = 70;

    public static TheoryData<int> Schemas => new(Enumerable.Range(0, SchemaSamples.All.Length));

    [Theory]
    [MemberData(nameof(Schemas))]
    public void FillMask_RandomTokens_AlwaysEndInValidReply(int index)
    {
        var text = SchemaSamples.All[index];
        var schema = SchemaSamples.Parse(text);
        var tokens = Vocabularies.Tokens(900, seed: 7);
        var trie = TokenTrie.Build(tokens, [Vocabularies.End, Vocabularies.OtherEnd]);
        var constraint = new TokenConstraint(SchemaSamples.Compile(text), trie);
        var random = new Random(1000 + index);
        var lengths = new HashSet<int>();
        for (var walk = 0; walk < WalksPerSchema; walk++)
        {
            // Some walks have just enough tokens, some plenty; some like to end early, some never do unless they must.
            var budget = constraint.MinimumTokens + (walk % 4) switch { 0 => 0, 1 => random.Next(5), 2 =>
                random.Next(40), _ => 250 };
            var reply = Walk(constraint, tokens, budget, random, endEagerness: walk % 3);
            lengths.Add(reply.Length);
            Assert.True(SchemaValidator.IsValid(schema, reply), $"{text} let through {reply}");
        }
        Assert.True(lengths.Count > 1 || index is 5 or 7, "the walks must differ");
    }

    [Fact]
    public void FillMask_JsonObjectGrammar_AlwaysEndsInObject()
    {
        var tokens = Vocabularies.Tokens(900, seed: 8);
        var constraint = new TokenConstraint(Edge.Text.Grammar.JsonObject, TokenTrie.Build(tokens, [Vocabularies.End]));
        var random = new Random(5);
        for (var walk = 0; walk < 100; walk++)
        {
            var reply = Walk(constraint, tokens, 2 + random.Next(300), random, walk % 3);
            using var document = JsonDocument.Parse(reply);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    private static string Walk(TokenConstraint constraint, List<byte[]> tokens, int budget, Random random,
        int endEagerness)
    {
        constraint.Reset();
        var mask = new ulong[(tokens.Count + 63) / 64];
        var reply = new List<byte>();
        var allowed = new List<int>();
        var left = budget;
        while (true)
        {
            var any = constraint.FillMask(mask, left);
            allowed.Clear();
            for (var id = 0; id < tokens.Count; id++)
            {
                if ((mask[id >> 6] >> (id & 63) & 1) != 0)
                    allowed.Add(id);
            }
            Assert.Equal(any, allowed.Count > 0);
            Assert.Equal(constraint.CanEnd && left > 0, allowed.Contains(Vocabularies.End));
            if (constraint.CanEnd && (left == 0 || constraint.MustEnd || random.Next(3) < endEagerness))
                break;
            Assert.True(any, $"stuck after {Encoding.UTF8.GetString([.. reply])} with {left} of {budget} tokens left");
            var token = allowed[random.Next(allowed.Count)];
            if (token is Vocabularies.End or Vocabularies.OtherEnd)
                break;
            Assert.True(constraint.Accept(token), "what the mask allows must be accepted");
            reply.AddRange(tokens[token]);
            left--;
        }
        Assert.True(constraint.CanEnd);
        // Strict: a sequence that is not UTF-8 throws.
        return new UTF8Encoding(false, true).GetString([.. reply]);
    }
}
