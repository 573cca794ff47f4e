namespace Edge.Text;

internal abstract record Expression(Place Place)
{
    public object? Evaluate(RenderContext context)
    {
        context.Step(Place);
        return Value(context);
    }

    protected abstract object? Value(RenderContext context);
}

internal sealed record LiteralExpression(Place Place, object? Constant) : Expression(Place)
{
    protected override object? Value(RenderContext context) => Constant;
}

internal sealed record NameExpression(Place Place, string Name) : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        context.Scope.TryFind(Name, out object? value) ? value : context.Missing(Name);
}

internal sealed record ListExpression(Place Place, IReadOnlyList<Expression> Items, bool IsTuple) : Expression(Place)
{
    protected override object? Value(RenderContext context)
    {
        context.Work(TemplateLimits.ListCost + (Items.Count * TemplateLimits.ItemCost), Place);
        return new TemplateList([.. Items.Select(item => item.Evaluate(context))], IsTuple);
    }
}

internal sealed record MapExpression(Place Place, IReadOnlyList<(Expression Key, Expression Value)> Entries)
    : Expression(Place)
{
    protected override object? Value(RenderContext context)
    {
        context.Work(TemplateLimits.ListCost + (Entries.Count * TemplateLimits.MapEntryCost), Place);
        var map = new TemplateMap();
        foreach ((Expression key, Expression value) in Entries)
        {
            object? name = key.Evaluate(context);
            if (!PythonKeys.IsKey(name))
                throw key.Place.Error($"a dict's key that is a {Python.TypeName(name)} is not supported");
            if (name is string text) context.Scan(text, Place);
            map.Items[name!] = value.Evaluate(context);
        }
        return map;
    }
}

internal sealed record ConditionalExpression(Place Place, Expression Test, Expression Then, Expression? Else)
    : Expression(Place)
{
    protected override object? Value(RenderContext context) => Python.IsTrue(Test.Evaluate(context))
        ? Then.Evaluate(context)
        : Else is null ? new Undefined("the inline if has no else and its condition is false") : Else.Evaluate(context);
}

internal sealed record NotExpression(Place Place, Expression Operand) : Expression(Place)
{
    protected override object? Value(RenderContext context) => !Python.IsTrue(Operand.Evaluate(context));
}

/// <summary><c>and</c> and <c>or</c>: the value of the operand that decides, as Python has it.</summary>
internal sealed record LogicalExpression(Place Place, bool IsAnd, Expression Left, Expression Right) : Expression(Place)
{
    protected override object? Value(RenderContext context)
    {
        object? left = Left.Evaluate(context);
        return Python.IsTrue(left) == IsAnd ? Right.Evaluate(context) : left;
    }
}

/// <summary>A chain: <c>a &lt; b &lt;= c</c> is true when each step is.</summary>
internal sealed record ComparisonExpression(
    Place Place, Expression First, IReadOnlyList<(string Sign, Expression Operand)> Rest) : Expression(Place)
{
    protected override object? Value(RenderContext context)
    {
        object? left = First.Evaluate(context);
        foreach ((string sign, Expression operand) in Rest)
        {
            object? right = operand.Evaluate(context);
            if (!Python.Compare(sign, left, right, context, Place)) return false;
            left = right;
        }
        return true;
    }
}

internal sealed record ArithmeticExpression(Place Place, string Sign, Expression Left, Expression Right)
    : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        Arithmetic.Binary(Sign, Left.Evaluate(context), Right.Evaluate(context), context, Place);
}

internal sealed record SignExpression(Place Place, bool Negative, Expression Operand) : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        Arithmetic.Signed(Negative, Operand.Evaluate(context), Place);
}

internal sealed record AttributeExpression(Place Place, Expression Target, string Name) : Expression(Place)
{
    protected override object? Value(RenderContext context) => Python.Attribute(Target.Evaluate(context), Name, Place);
}

internal sealed record ItemExpression(Place Place, Expression Target, Expression Index) : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        Python.Item(Target.Evaluate(context), Index.Evaluate(context), context, Place);
}

internal sealed record SliceExpression(Place Place, Expression Target, Expression? From, Expression? To,
    Expression? Step)
    : Expression(Place)
{
    protected override object? Value(RenderContext context) => Python.Slice(
        Target.Evaluate(context), From?.Evaluate(context), To?.Evaluate(context), Step?.Evaluate(context),
            context, Place);
}

internal sealed record ArgumentList(IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static ArgumentList None { get; } = new([], []);

    public Arguments Evaluate(RenderContext context, Place place)
    {
        Dictionary<string, object?>? named = Named.Count == 0 ? null : [];
        List<object?> positional = [.. Positional.Select(argument => argument.Evaluate(context))];
        foreach ((string name, Expression value) in Named) named![name] = value.Evaluate(context);
        return new(place, positional, named);
    }
}

internal sealed record CallExpression(Place Place, Expression Callee, ArgumentList Given) : Expression(Place)
{
    protected override object? Value(RenderContext context)
    {
        object? callee = Callee.Evaluate(context);
        if (callee is not TemplateFunction function)
        {
            throw Place.Error(callee is Undefined missing
                ? missing.Why : $"a {Python.TypeName(callee)} cannot be called");
        }
        Arguments arguments = Given.Evaluate(context, Place);
        object? value = function.Body(context, arguments);
        arguments.Finish(function.Name);
        return value;
    }
}

internal sealed record FilterExpression(Place Place, Expression Operand, string Name, ArgumentList Given)
    : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        Filters.Apply(Name, Operand.Evaluate(context), Given.Evaluate(context, Place), context);
}

internal sealed record TestExpression(Place Place, Expression Operand, string Name, ArgumentList Given, bool Negated)
    : Expression(Place)
{
    protected override object? Value(RenderContext context) =>
        TemplateTests.Holds(Name, Operand.Evaluate(context), Given.Evaluate(context, Place), context) != Negated;
}
