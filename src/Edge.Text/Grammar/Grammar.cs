using System.Text.Json;

namespace Edge.Text;

/// <summary>
/// A compiled grammar over bytes: what a constrained reply may look like. Immutable, shared between requests. Every
/// text that it lets through is JSON of at most 64 levels that is valid under the schema; it may let through less
/// than the schema allows (see SchemaReader).
/// </summary>
public sealed class Grammar
{
    private Grammar(Automaton automaton, ClosingCosts costs) => (Automaton, Costs) = (automaton, costs);

    internal Automaton Automaton { get; }
    internal ClosingCosts Costs { get; }

    /// <summary>Bytes of the shortest reply, and so the most tokens that closing one can take: a request whose token
    /// limit is smaller is refused before it starts.</summary>
    public int MinimumBytes => Costs.At(Automaton.Start, 0, 0);

    /// <summary>Any JSON object.</summary>
    public static Grammar JsonObject { get; } = FromNode(
        new SchemaNode.Object("", [], new SchemaNode.Anything(""), closed: false), new CompileBudget());

    /// <summary>
    /// Compiles a JSON Schema within fixed bounds of time and memory. Errors: an unsupported keyword, a contradiction
    /// or an excess is reported by name and place, with what to do instead.
    /// </summary>
    public static bool TryFromJsonSchema(JsonElement schema, out Grammar? grammar, out SchemaError? error)
    {
        (grammar, error) = (null, null);
        try
        {
            var budget = new CompileBudget();
            grammar = FromNode(SchemaReader.Read(schema, budget), budget);
        }
        catch (SchemaRefusedException refused)
        {
            error = refused.Error;
        }
        return grammar is not null;
    }

    private static Grammar FromNode(SchemaNode node, CompileBudget budget)
    {
        var automaton = GrammarCompiler.Compile(node, budget);
        Span<bool> every = stackalloc bool[256];
        every.Fill(true);
        var costs = new ClosingCosts(automaton, every);
        if (!costs.Converged)
            throw SchemaRefusedException.At("", "",
                "the schema nests too deeply in itself; simplify its required properties");
        if (costs.At(automaton.Start, 0, 0) >= GrammarLimits.Never)
        {
            throw SchemaRefusedException.At("", "",
                "no finite reply is valid: a required property or item leads back to itself, "
                + "a pattern and its lengths contradict each other, or no multiple lies in the range");
        }
        return new Grammar(automaton, costs);
    }
}
