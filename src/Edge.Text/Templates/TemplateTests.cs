namespace Edge.Text;

/// <summary>The tests of <c>is</c>, one row each.</summary>
internal static class TemplateTests
{
    private delegate bool Test(object? value, Arguments arguments, RenderContext context);

    private static readonly Dictionary<string, Test> Rows = new()
    {
        ["defined"] = (v, _, _) => v is not Undefined,
        ["undefined"] = (v, _, _) => v is Undefined,
        ["none"] = (v, _, _) => v is null,
        ["string"] = (v, _, _) => v is string,
        ["mapping"] = (v, _, _) => v is TemplateMap,
        ["sequence"] = (v, _, _) => v is string or TemplateList or TemplateMap or Undefined,
        ["iterable"] = (v, _, _) => v is string or TemplateList or TemplateMap or Undefined,
        ["number"] = (v, _, _) => v is long or double or bool,
        ["integer"] = (v, _, _) => v is long,
        ["float"] = (v, _, _) => v is double,
        ["boolean"] = (v, _, _) => v is bool,
        ["true"] = (v, _, _) => v is true,
        ["false"] = (v, _, _) => v is false,
        ["callable"] = (v, _, _) => v is TemplateFunction,
        ["lower"] = (v, _, _) => v is string text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = (v, _, _) => v is string text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["even"] = (v, a, _) => Remainder(v, 2, a) == 0,
        ["odd"] = (v, a, _) => Remainder(v, 2, a) != 0,
        ["divisibleby"] = (v, a, _) => Remainder(v, a.TakeInteger(0, "num", 1), a) == 0,
        ["in"] = (v, a, c) => Python.Compare("in", v, a.Take(0, "seq"), c, a.Place),
        ["sameas"] = (v, a, _) => ReferenceEquals(v, a.Take(0, "other"))
            || (v is bool or null && Equals(v, a.Take(0, "other"))),
        ["=="] = Compare("=="), ["eq"] = Compare("=="), ["equalto"] = Compare("=="),
        ["!="] = Compare("!="), ["ne"] = Compare("!="),
        ["<"] = Compare("<"), ["lt"] = Compare("<"), ["lessthan"] = Compare("<"),
        ["<="] = Compare("<="), ["le"] = Compare("<="),
        [">"] = Compare(">"), ["gt"] = Compare(">"), ["greaterthan"] = Compare(">"),
        [">="] = Compare(">="), ["ge"] = Compare(">="),
    };

    /// <summary>Errors: TemplateException for an unknown test or argument.</summary>
    public static bool Holds(string name, object? value, Arguments arguments, RenderContext context)
    {
        if (!Rows.TryGetValue(name, out Test? test)) throw arguments.Place.Error($"the test '{name}' is not supported");
        bool holds = test(value, arguments, context);
        arguments.Finish(name);
        return holds;
    }

    private static Test Compare(string sign) => (v, a, c) => Python.Compare(sign, v, a.Take(0, "other"), c, a.Place);

    private static long Remainder(object? value, long divisor, Arguments arguments)
    {
        long number = Arithmetic.Integer(value)
            ?? throw arguments.Place.Error($"the test needs an integer, not a {Python.TypeName(value)}");
        if (divisor == 0) throw arguments.Place.Error("division by zero");
        return divisor == -1 ? 0 : number % divisor;
    }
}
