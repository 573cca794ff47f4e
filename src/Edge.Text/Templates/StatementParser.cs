namespace Edge.Text;

/// <summary>Statements of a template. Errors: TemplateException with the construct, its line and its column.</summary>
internal sealed class StatementParser
{
    private readonly TokenCursor _cursor;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(TokenCursor cursor) => (_cursor, _expressions) = (cursor, new(cursor));

    public static IReadOnlyList<Statement> Parse(string source)
    {
        var cursor = new TokenCursor(TemplateLexer.Cut(source));
        IReadOnlyList<Statement> body = new StatementParser(cursor).Body();
        if (cursor.Is(TokenKind.End)) return body;
        throw cursor.Current.Place.Error($"unexpected '{{% {cursor.TagName()} %}}'");
    }

    /// <summary>Statements up to the end or a tag that is one of <paramref name="ends"/>, which is not taken.</summary>
    private List<Statement> Body(params ReadOnlySpan<string> ends)
    {
        _cursor.Enter();
        List<Statement> statements = [];
        while (!_cursor.Is(TokenKind.End) && !(_cursor.TagName() is { } name && ends.Contains(name)))
        {
            TemplateToken token = _cursor.Take();
            if (token.Kind == TokenKind.Data) statements.Add(new DataStatement(token.Place, token.Text));
            else if (token.Kind == TokenKind.PrintBegin)
            {
                statements.Add(new PrintStatement(token.Place, _expressions.ParseTuple()));
                _cursor.Expect(TokenKind.PrintEnd, "'}}'");
            }
            else statements.Add(Tag(token.Place));
        }
        _cursor.Leave();
        return statements;
    }

    private Statement Tag(Place place)
    {
        TemplateToken name = _cursor.Expect(TokenKind.Name, "the name of a statement");
        Statement statement = name.Text switch
        {
            "if" => If(place),
            "for" => For(place),
            "set" => Set(place),
            "macro" => Macro(place),
            "generation" => Generation(place),
            "filter" => Filter(place),
            "break" => Jump(place, Flow.Break),
            "continue" => Jump(place, Flow.Continue),
            _ => throw place.Error(name.Text.StartsWith("end", StringComparison.Ordinal)
                || name.Text is "else" or "elif"
                ? $"unexpected '{{% {name.Text} %}}'" : $"the statement '{name.Text}' is not supported"),
        };
        return statement;
    }

    private IfStatement If(Place place)
    {
        List<(Expression?, IReadOnlyList<Statement>)> branches = [];
        Expression? test = _expressions.ParseTuple();
        while (true)
        {
            EndTag();
            branches.Add((test, Body("elif", "else", "endif")));
            string end = TakeEnd(place, "if", "endif");
            if (end == "endif") break;
            if (test is null) throw _cursor.Current.Place.Error($"'{end}' after 'else'");
            test = end == "elif" ? _expressions.ParseTuple() : null;
        }
        EndTag();
        return new(place, branches);
    }

    private ForStatement For(Place place)
    {
        List<string> targets = Targets();
        _cursor.ExpectName("in");
        Expression over = _expressions.ParseTuple(conditional: false);
        Expression? filter = _cursor.TakeName("if") ? _expressions.Parse() : null;
        if (_cursor.IsName("recursive")) throw _cursor.Current.Place.Error("'recursive' loops are not supported");
        EndTag();
        _loops++;
        List<Statement> body = Body("else", "endfor"), otherwise = [];
        _loops--;
        if (TakeEnd(place, "for", "endfor") == "else")
        {
            EndTag();
            otherwise = Body("endfor");
            TakeEnd(place, "for", "endfor");
        }
        EndTag();
        return new(place, targets, over, filter, body, otherwise);
    }

    private Statement Set(Place place)
    {
        List<string> targets = Targets();
        if (targets.Count == 1 && _cursor.TakeSign("."))
        {
            string item = _cursor.Expect(TokenKind.Name, "a name").Text;
            _cursor.ExpectSign("=");
            Expression itemValue = _expressions.ParseTuple();
            EndTag();
            return new SetItemStatement(place, targets[0], item, itemValue);
        }
        if (_cursor.TakeSign("="))
        {
            Expression value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(place, targets, value);
        }
        if (targets.Count > 1 || !_cursor.Is(TokenKind.BlockEnd))
            throw _cursor.Current.Place.Error($"expected '=', not {_cursor.Current}");
        EndTag();
        List<Statement> body = Body("endset");
        TakeEnd(place, "set", "endset");
        EndTag();
        return new SetBlockStatement(place, targets[0], body);
    }

    private MacroStatement Macro(Place place)
    {
        string name = _cursor.Expect(TokenKind.Name, "the name of the macro").Text;
        List<(string, Expression?)> parameters = [];
        _cursor.ExpectSign("(");
        while (!_cursor.IsSign(")"))
        {
            string parameter = _cursor.Expect(TokenKind.Name, "the name of a parameter").Text;
            parameters.Add((parameter, _cursor.TakeSign("=") ? _expressions.Parse() : null));
            if (!_cursor.TakeSign(",")) break;
        }
        _cursor.ExpectSign(")");
        EndTag();
        int loops = _loops;
        _loops = 0;
        List<Statement> body = Body("endmacro");
        _loops = loops;
        TakeEnd(place, "macro", "endmacro");
        EndTag();
        return new(place, name, parameters, body);
    }

    private GroupStatement Generation(Place place)
    {
        EndTag();
        List<Statement> body = Body("endgeneration");
        TakeEnd(place, "generation", "endgeneration");
        EndTag();
        return new(place, body);
    }

    private FilterBlockStatement Filter(Place place)
    {
        List<NamedFilter> filters = _expressions.ParseFilters();
        EndTag();
        // What a loop's body has written so far would be lost with a jump out of here.
        int loops = _loops;
        _loops = 0;
        List<Statement> body = Body("endfilter");
        _loops = loops;
        TakeEnd(place, "filter", "endfilter");
        EndTag();
        return new(place, filters, body);
    }

    private JumpStatement Jump(Place place, Flow to)
    {
        if (_loops == 0) throw place.Error($"'{(to == Flow.Break ? "break" : "continue")}' outside a loop");
        EndTag();
        return new(place, to);
    }

    private List<string> Targets()
    {
        bool parenthesis = _cursor.TakeSign("(");
        List<string> names = [];
        do names.Add(_cursor.Expect(TokenKind.Name, "the name of a variable").Text);
        while (_cursor.TakeSign(","));
        if (parenthesis) _cursor.ExpectSign(")");
        return names;
    }

    private string TakeEnd(Place place, string statement, string end)
    {
        if (_cursor.Is(TokenKind.End)) throw place.Error($"'{{% {statement} %}}' has no '{{% {end} %}}'");
        _cursor.Take();
        return _cursor.Take().Text;
    }

    private void EndTag() => _cursor.Expect(TokenKind.BlockEnd, "'%}'");
}
