namespace Edge.Text;

/// <summary>How a statement ended: on to the next one, or out of or around the innermost loop.</summary>
internal enum Flow { Next, Break, Continue }

internal abstract record Statement(Place Place)
{
    public abstract Flow Execute(RenderContext context);

    public static Flow ExecuteAll(IReadOnlyList<Statement> statements, RenderContext context)
    {
        foreach (Statement statement in statements)
        {
            context.Step(statement.Place);
            Flow flow = statement.Execute(context);
            if (flow != Flow.Next) return flow;
        }
        return Flow.Next;
    }
}

internal sealed record DataStatement(Place Place, string Text) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        context.Write(Text, Place);
        return Flow.Next;
    }
}

internal sealed record PrintStatement(Place Place, Expression Value) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        context.Write(PythonText.Display(Value.Evaluate(context), context, Place), Place);
        return Flow.Next;
    }
}

/// <summary>Tests and bodies in order; a null test is the else.</summary>
internal sealed record IfStatement(Place Place,
    IReadOnlyList<(Expression? Test, IReadOnlyList<Statement> Body)> Branches)
    : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        foreach ((Expression? test, IReadOnlyList<Statement> body) in Branches)
        {
            if (test is null || Python.IsTrue(test.Evaluate(context))) return ExecuteAll(body, context);
        }
        return Flow.Next;
    }
}

internal sealed record ForStatement(
    Place Place, IReadOnlyList<string> Targets, Expression Over, Expression? Filter,
    IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        IReadOnlyList<object?> items = Python.Items(Over.Evaluate(context), context, Over.Place);
        TemplateScope outer = context.Scope, scope = new(outer);
        context.Scope = scope;
        if (Filter is not null) items = Kept(items, scope, context);
        var loop = new TemplateLoop(items);
        for (; loop.Index0 < items.Count; loop.Index0++)
        {
            context.Iterate(Place);
            scope.Clear();
            Python.Assign(scope, Targets, items[loop.Index0], Place);
            scope["loop"] = loop;
            if (ExecuteAll(Body, context) == Flow.Break) break;
        }
        context.Scope = outer;
        return items.Count == 0 ? ExecuteAll(Otherwise, context) : Flow.Next;
    }

    private List<object?> Kept(IReadOnlyList<object?> items, TemplateScope scope, RenderContext context)
    {
        List<object?> kept = [];
        foreach (object? item in items)
        {
            context.Iterate(Place);
            Python.Assign(scope, Targets, item, Place);
            if (Python.IsTrue(Filter!.Evaluate(context))) kept.Add(item);
        }
        return kept;
    }
}

internal sealed record SetStatement(Place Place, IReadOnlyList<string> Targets, Expression Value) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        Python.Assign(context.Scope, Targets, Value.Evaluate(context), Place);
        return Flow.Next;
    }
}

internal sealed record SetItemStatement(Place Place, string Target, string Item, Expression Value) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        object? value = Value.Evaluate(context);
        if (!context.Scope.TryFind(Target, out object? found) || found is not TemplateNamespace space)
        {
            throw Place.Error($"'{Target}' is no namespace(), so '{Target}.{Item}' cannot be set");
        }
        space.Items[Item] = value;
        return Flow.Next;
    }
}

/// <summary><c>{% set x %}…{% endset %}</c></summary>
internal sealed record SetBlockStatement(Place Place, string Target, IReadOnlyList<Statement> Body) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        context.Scope[Target] = context.Capture(new(context.Scope), Place, Body);
        return Flow.Next;
    }
}

internal sealed record NamedFilter(Place Place, string Name, ArgumentList Given);

/// <summary><c>{% filter upper|trim %}…{% endfilter %}</c></summary>
internal sealed record FilterBlockStatement(
    Place Place, IReadOnlyList<NamedFilter> Filters, IReadOnlyList<Statement> Body) : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        object? value = context.Capture(new(context.Scope), Place, Body);
        foreach (NamedFilter filter in Filters)
            value = Text.Filters.Apply(filter.Name, value, filter.Given.Evaluate(context, filter.Place), context);
        context.Write(PythonText.Display(value, context, Place), Place);
        return Flow.Next;
    }
}

/// <summary>A body that runs as if it stood there: <c>{% generation %}</c> only marks where the assistant
/// speaks.</summary>
internal sealed record GroupStatement(Place Place, IReadOnlyList<Statement> Body) : Statement(Place)
{
    public override Flow Execute(RenderContext context) => ExecuteAll(Body, context);
}

internal sealed record JumpStatement(Place Place, Flow To) : Statement(Place)
{
    public override Flow Execute(RenderContext context) => To;
}

internal sealed record MacroStatement(
    Place Place, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body)
    : Statement(Place)
{
    public override Flow Execute(RenderContext context)
    {
        TemplateScope definedIn = context.Scope;
        context.Scope[Name] = new TemplateFunction(Name, (caller, arguments) =>
        {
            var scope = new TemplateScope(definedIn);
            for (int i = 0; i < Parameters.Count; i++)
            {
                (string name, Expression? otherwise) = Parameters[i];
                scope[name] = arguments.TryTake(i, name, out object? given) ? given
                    : otherwise?.Evaluate(caller)
                        ?? (otherwise is null ? new Undefined($"parameter '{name}' was not provided") : null);
            }
            return caller.Capture(scope, arguments.Place, Body);
        });
        return Flow.Next;
    }
}
