using System.Globalization;

namespace Edge.Text;

/// <summary>Expressions with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, sign, then . []
/// () | is.</summary>
internal sealed class ExpressionParser(TokenCursor cursor)
{
    /// <summary>An expression, or several with commas between, which make a tuple.</summary>
    public Expression ParseTuple(bool conditional = true)
    {
        Place place = cursor.Current.Place;
        Expression first = conditional ? Parse() : Or();
        if (!cursor.IsSign(",")) return first;
        List<Expression> items = [first];
        while (cursor.TakeSign(",") && StartsExpression()) items.Add(conditional ? Parse() : Or());
        return new ListExpression(place, items, IsTuple: true);
    }

    public Expression Parse()
    {
        cursor.Enter();
        Expression value = Or();
        while (cursor.IsName("if"))
        {
            Place place = cursor.Take().Place;
            Expression test = Or();
            value = new ConditionalExpression(place, test, value, cursor.TakeName("else") ? Parse() : null);
        }
        cursor.Leave();
        return value;
    }

    private Expression Or()
    {
        Expression left = And();
        while (cursor.IsName("or")) left = new LogicalExpression(cursor.Take().Place, false, left, And());
        return left;
    }

    private Expression And()
    {
        Expression left = Not();
        while (cursor.IsName("and")) left = new LogicalExpression(cursor.Take().Place, true, left, Not());
        return left;
    }

    private Expression Not()
    {
        if (!cursor.IsName("not")) return Comparison();
        Place place = cursor.Take().Place;
        cursor.Enter();
        Expression operand = Not();
        cursor.Leave();
        return new NotExpression(place, operand);
    }

    private Expression Comparison()
    {
        Place place = cursor.Current.Place;
        Expression first = Sum();
        List<(string, Expression)> rest = [];
        while (ComparisonSign() is { } sign) rest.Add((sign, Sum()));
        return rest.Count == 0 ? first : new ComparisonExpression(place, first, rest);
    }

    private string? ComparisonSign()
    {
        if (AtComparison()) return cursor.Take().Text;
        if (cursor.TakeName("in")) return "in";
        if (!cursor.IsName("not")) return null;
        cursor.Take();
        cursor.ExpectName("in");
        return "not in";
    }

    private Expression Sum() => Chain(Join, "+", "-");

    private Expression Join() => Chain(Product, "~");

    private Expression Product() => Chain(Power, "*", "/", "//", "%");

    private Expression Power()
    {
        Expression value = Signed(filtered: true);
        return cursor.IsSign("**") ? throw cursor.Current.Place.Error("the operator '**' is not supported") : value;
    }

    private Expression Chain(Func<Expression> operand, params ReadOnlySpan<string> signs)
    {
        Expression left = operand();
        while (cursor.Is(TokenKind.Sign) && signs.Contains(cursor.Current.Text))
        {
            TemplateToken sign = cursor.Take();
            left = new ArithmeticExpression(sign.Place, sign.Text, left, operand());
        }
        return left;
    }

    private Expression Signed(bool filtered)
    {
        Expression value;
        if (cursor.IsSign("-") || cursor.IsSign("+"))
        {
            TemplateToken sign = cursor.Take();
            cursor.Enter();
            value = new SignExpression(sign.Place, sign.Text == "-", Signed(filtered: false));
            cursor.Leave();
        }
        else value = Primary();
        value = Postfix(value);
        return filtered ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        TemplateToken token = cursor.Take();
        Place place = token.Place;
        return token.Kind switch
        {
            TokenKind.Name => token.Text switch
            {
                "true" or "True" => new LiteralExpression(place, true),
                "false" or "False" => new LiteralExpression(place, false),
                "none" or "None" => new LiteralExpression(place, null),
                "if" or "else" or "elif" or "in" or "is" or "and" or "or" or "not" =>
                    throw place.Error($"unexpected {token}"),
                _ => new NameExpression(place, token.Text),
            },
            TokenKind.Text => new LiteralExpression(place, token.Text + MoreText()),
            TokenKind.Integer => new LiteralExpression(place, long.Parse(token.Text, CultureInfo.InvariantCulture)),
            TokenKind.Real => new LiteralExpression(place, double.Parse(token.Text, CultureInfo.InvariantCulture)),
            TokenKind.Sign when token.Text == "(" => Parenthesis(place),
            TokenKind.Sign when token.Text == "[" => new ListExpression(place, Items("]"), IsTuple: false),
            TokenKind.Sign when token.Text == "{" => Map(place),
            _ => throw place.Error($"unexpected {token}"),
        };
    }

    private string MoreText()
    {
        string more = "";
        while (cursor.Is(TokenKind.Text)) more += cursor.Take().Text;
        return more;
    }

    private Expression Parenthesis(Place place)
    {
        if (cursor.TakeSign(")")) return new ListExpression(place, [], IsTuple: true);
        Expression value = ParseTuple();
        cursor.ExpectSign(")");
        return value;
    }

    private List<Expression> Items(string close)
    {
        List<Expression> items = [];
        while (!cursor.IsSign(close))
        {
            items.Add(Parse());
            if (!cursor.TakeSign(",")) break;
        }
        cursor.ExpectSign(close);
        return items;
    }

    private MapExpression Map(Place place)
    {
        List<(Expression, Expression)> entries = [];
        while (!cursor.IsSign("}"))
        {
            Expression key = Parse();
            cursor.ExpectSign(":");
            entries.Add((key, Parse()));
            if (!cursor.TakeSign(",")) break;
        }
        cursor.ExpectSign("}");
        return new(place, entries);
    }

    private Expression Postfix(Expression value)
    {
        while (cursor.Is(TokenKind.Sign))
        {
            Place place = cursor.Current.Place;
            if (cursor.IsSign("(")) value = new CallExpression(place, value, Call());
            else if (cursor.TakeSign(".")) value = Member(value, place);
            else if (cursor.TakeSign("[")) value = Subscript(value, place);
            else break;
        }
        return value;
    }

    private Expression Member(Expression value, Place place)
    {
        if (cursor.Is(TokenKind.Integer)) return new ItemExpression(place, value, Primary());
        return new AttributeExpression(place, value, cursor.Expect(TokenKind.Name, "a name after '.'").Text);
    }

    private Expression Subscript(Expression value, Place place)
    {
        Expression? from = cursor.IsSign(":") ? null : ParseTuple();
        if (from is not null && cursor.TakeSign("]")) return new ItemExpression(place, value, from);
        cursor.ExpectSign(":");
        Expression? to = cursor.IsSign(":") || cursor.IsSign("]") ? null : Parse();
        Expression? step = cursor.TakeSign(":") && !cursor.IsSign("]") ? Parse() : null;
        cursor.ExpectSign("]");
        return new SliceExpression(place, value, from, to, step);
    }

    /// <summary>Names of filters with their arguments, | between.</summary>
    public List<NamedFilter> ParseFilters()
    {
        List<NamedFilter> filters = [];
        do
        {
            TemplateToken name = cursor.Expect(TokenKind.Name, "the name of a filter");
            filters.Add(new(name.Place, name.Text, cursor.IsSign("(") ? Call() : ArgumentList.None));
        }
        while (cursor.TakeSign("|"));
        return filters;
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            Place place = cursor.Current.Place;
            if (cursor.TakeSign("|"))
            {
                string name = cursor.Expect(TokenKind.Name, "the name of a filter").Text;
                value = new FilterExpression(place, value, name, cursor.IsSign("(") ? Call() : ArgumentList.None);
            }
            else if (cursor.TakeName("is")) value = Test(value, place);
            else if (cursor.IsSign("(")) value = new CallExpression(place, value, Call());
            else return value;
        }
    }

    private TestExpression Test(Expression value, Place place)
    {
        bool negated = cursor.TakeName("not");
        string name = AtComparison() ? cursor.Take().Text : cursor.Expect(TokenKind.Name, "the name of a test").Text;
        ArgumentList given = ArgumentList.None;
        if (cursor.IsSign("(")) given = Call();
        else if (StartsOperand()) given = new([Postfix(Primary())], []);
        return new(place, value, name, given, negated);
    }

    private ArgumentList Call()
    {
        cursor.ExpectSign("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        while (!cursor.IsSign(")"))
        {
            if (cursor.IsSign("*") || cursor.IsSign("**"))
                throw cursor.Current.Place.Error("'*' arguments are not supported");
            if (cursor.Is(TokenKind.Name) && cursor.NextIsSign("="))
            {
                string name = cursor.Take().Text;
                cursor.ExpectSign("=");
                named.Add((name, Parse()));
            }
            else if (named.Count > 0) throw cursor.Current.Place.Error("a positional argument after a named one");
            else positional.Add(Parse());
            if (!cursor.TakeSign(",")) break;
        }
        cursor.ExpectSign(")");
        return new(positional, named);
    }

    private bool AtComparison() =>
        cursor.Is(TokenKind.Sign) && cursor.Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=";

    private bool StartsOperand() => cursor.Current.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Real
        || cursor.IsSign("[") || cursor.IsSign("{")
        || (cursor.Is(TokenKind.Name)
            && cursor.Current.Text is not ("else" or "or" or "and" or "if" or "is" or "in" or "not"));

    private bool StartsExpression() => StartsOperand()
        || cursor.IsSign("(") || cursor.IsSign("-") || cursor.IsSign("+") || cursor.IsName("not");
}
