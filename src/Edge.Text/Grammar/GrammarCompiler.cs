namespace Edge.Text;

/// <summary>
/// Turns <see cref="SchemaNode"/>s into automaton states. The start of a value is made at once, the inside of objects
/// and arrays later from a queue: so recursion through $ref needs no more than the start, and a $ref that reaches
/// itself without a bracket is found.
/// </summary>
internal sealed class GrammarCompiler
{
    private readonly AutomatonBuilder _builder = new();
    private readonly CompileBudget _budget;
    private readonly Queue<Action> _pending = new();
    private readonly Dictionary<SchemaNode.Reference, int> _references = [];
    private readonly ObjectCompiler _objects;
    private readonly ArrayCompiler _arrays;
    private readonly TextCompiler _texts;
    private int _anything = -1;
    private int _text = -1;

    private GrammarCompiler(CompileBudget budget)
    {
        _budget = budget;
        _objects = new ObjectCompiler(_builder, this);
        _arrays = new ArrayCompiler(_builder, this);
        _texts = new TextCompiler(_builder);
    }

    public static Automaton Compile(SchemaNode root, CompileBudget budget)
    {
        var compiler = new GrammarCompiler(budget);
        // One space may come before the reply: SentencePiece vocabularies like to begin with it.
        var value = compiler.Start(root);
        var begin = compiler._builder.Add(new State { Jump = Jump.Goto, A = value }, "");
        var spaced = compiler._builder.Add(new State { Jump = Jump.Goto, A = value }, "");
        compiler._builder.Edge(begin, ' ', spaced);
        while (compiler._pending.TryDequeue(out var inside))
            inside();
        return compiler._builder.Freeze(begin);
    }

    /// <summary>A string without limits; all of them share their states.</summary>
    public int AnyText(string pointer) => _text >= 0 ? _text : _text = _texts.Start(0, -1, pointer);

    public void Later(Action inside) => _pending.Enqueue(inside);

    /// <summary>The state in which a value of this schema begins.</summary>
    public int Start(SchemaNode node)
    {
        switch (node)
        {
            case SchemaNode.Anything:
                return Anything(node.Pointer);
            case SchemaNode.Literals literals:
                _budget.Spend(literals.Values.Sum(value => value.Text.Length), "enum", node.Pointer);
                return _builder.AddTexts(literals.Values.Select(value => value.Text), node.Pointer);
            case SchemaNode.Text text:
                return Text(text);
            case SchemaNode.Number number:
                return Number(number);
            case SchemaNode.Object shape:
                return _objects.Start(shape);
            case SchemaNode.Array array:
                return _arrays.Start(array);
            case SchemaNode.Alternatives alternatives:
                return Fork(alternatives.Options.Select(Start), node.Pointer);
            case SchemaNode.Reference reference:
                return Follow(reference);
            default:
                throw new InvalidOperationException($"Unknown schema node {node.GetType().Name}.");
        }
    }

    private int Follow(SchemaNode.Reference reference)
    {
        if (_references.TryGetValue(reference, out var known))
        {
            return known >= 0 ? known : throw SchemaRefusedException.At("$ref", reference.Pointer,
                "leads back to itself without an object or array between; describe the value itself");
        }
        _references[reference] = -1;
        return _references[reference] = Start(reference.Target!);
    }

    /// <summary>A state that goes on as any of the given ones; forks of forks become one.</summary>
    private int Fork(IEnumerable<int> starts, string pointer)
    {
        var flat = new List<int>();
        foreach (var start in starts)
        {
            var state = _builder[start];
            if (state.Jump == Jump.Fork)
                flat.AddRange(_builder.Forks.GetRange(state.A, state.B));
            else
                flat.Add(start);
        }
        flat = [.. flat.Distinct()];
        if (flat.Count > GrammarLimits.AlternativesMax)
            throw SchemaRefusedException.At("anyOf", pointer,
                $"more than {GrammarLimits.AlternativesMax} alternatives in all");
        var fork = _builder.Add(new State { Jump = Jump.Fork, A = _builder.Forks.Count, B = flat.Count }, pointer);
        _builder.Forks.AddRange(flat);
        return fork;
    }

    private int Anything(string pointer)
    {
        if (_anything >= 0)
            return _anything;
        var text = AnyText(pointer);
        var number = Number(new SchemaNode.Number(pointer, null, 0, double.NegativeInfinity, double.PositiveInfinity));
        var words = _builder.AddTexts(["null"u8.ToArray(), "true"u8.ToArray(), "false"u8.ToArray()], pointer);
        var self = new SchemaNode.Anything(pointer);
        var shape = _objects.Start(new SchemaNode.Object(pointer, [], self, false));
        var array = _arrays.Start(new SchemaNode.Array(pointer, [], self, 0, -1));
        return _anything = Fork([shape, array, text, number, words], pointer);
    }

    private int Number(SchemaNode.Number number)
    {
        if (number.Range is { } range)
        {
            var digits = range.ToDfa("minimum", number.Pointer, _budget);
            if (number.Factor > 1)
                digits = digits.WithFactor(number.Factor, number.Pointer, _budget);
            return _builder.AddDfa(digits, number.Pointer);
        }
        // At most 16 digits before the point, 15 after it and two in the exponent: always a finite double.
        var pattern = PatternParser.Parse(@"^-?(0|[1-9]\d{0,15})(\.\d{1,15})?([eE][+\-]?\d{1,2})?$", number.Pointer);
        var nfa = new ByteNfa("type", number.Pointer);
        var start = nfa.AddState();
        return _builder.AddDfa(ByteDfa.From(nfa, start, nfa.AddPattern(start, pattern, inString: false), _budget),
            number.Pointer);
    }

    private int Text(SchemaNode.Text text)
    {
        if (text.Pattern is null)
        {
            if (text is not { Min: 0, Max: -1 })
                return _texts.Start(text.Min, text.Max, text.Pointer);
            return AnyText(text.Pointer);
        }
        var nfa = new ByteNfa(text.Keyword, text.Pointer);
        var start = nfa.AddState();
        var end = nfa.AddPattern(nfa.AddText(start, "\""), text.Pattern, inString: true);
        var dfa = ByteDfa.From(nfa, start, nfa.AddText(end, "\""), _budget);
        if (text is not { Min: 0, Max: -1 })
            dfa = dfa.WithLength(text.Min, text.Max, text.Keyword, text.Pointer, _budget);
        return _builder.AddDfa(dfa, text.Pointer);
    }
}
