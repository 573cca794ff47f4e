namespace Edge.Text;

/// <summary>Operators with Python's meaning: / is real, // and % round down, bool counts as 0 and 1.</summary>
internal static class Arithmetic
{
    public static object? Binary(string sign, object? left, object? right, RenderContext context, Place place)
    {
        if (sign == "~")
        {
            return context.Made(PythonText.Display(left, context, place)
                + PythonText.Display(right, context, place), place);
        }
        Python.MustBeDefined(left, place);
        Python.MustBeDefined(right, place);
        switch (sign, left, right)
        {
            case ("+", string a, string b):
                context.Work(a.Length + b.Length, place);
                return a + b;
            case ("+", TemplateList a, TemplateList b) when a.IsTuple == b.IsTuple:
                context.Work(TemplateLimits.ListCost
                    + ((a.Items.Count + b.Items.Count) * (long)TemplateLimits.ItemCost), place);
                return new TemplateList([.. a.Items, .. b.Items], a.IsTuple);
            case ("*", string text, long count): return Repeat(text, count, context, place);
            case ("*", long count, string text): return Repeat(text, count, context, place);
            case ("%", string, _): throw place.Error("formatting with '%' is not supported");
        }
        if (Integer(left) is { } x && Integer(right) is { } y && sign != "/") return Integers(sign, x, y, place);
        if (Real(left) is { } p && Real(right) is { } q) return Reals(sign, p, q, place);
        throw place.Error($"'{sign}' cannot join a {Python.TypeName(left)} and a {Python.TypeName(right)}");
    }

    public static object Signed(bool negative, object? operand, Place place) => operand switch
    {
        long or bool => (object)(negative ? Integers("-", 0, Integer(operand)!.Value, place) : Integer(operand)!.Value),
        double number => negative ? -number : number,
        Undefined missing => throw place.Error(missing.Why),
        _ => throw place.Error($"a {Python.TypeName(operand)} has no sign"),
    };

    public static long? Integer(object? value) => value switch { long n => n, bool b => b ? 1 : 0, _ => null };

    public static double? Real(object? value) => value is double number ? number : Integer(value);

    private static string Repeat(string text, long count, RenderContext context, Place place)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        context.Work(Math.Max(count, text.Length * count), place);
        return string.Concat(Enumerable.Repeat(text, (int)count));
    }

    private static long Integers(string sign, long left, long right, Place place)
    {
        if (sign is "//" or "%" && right == 0) throw place.Error("division by zero");
        try
        {
            checked
            {
                return sign switch
                {
                    "+" => left + right,
                    "-" => left - right,
                    "*" => left * right,
                    "//" => (left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0),
                    // The remainder by -1 overflows in hardware for the lowest integer.
                    "%" => right == -1 ? 0 : ((left % right) + right) % right,
                    _ => throw place.Error($"the operator '{sign}' is not supported"),
                };
            }
        }
        catch (OverflowException)
        {
            throw place.Error($"the result of '{sign}' does not fit 64 bits");
        }
    }

    private static double Reals(string sign, double left, double right, Place place)
    {
        if (sign is "/" or "//" or "%" && right == 0) throw place.Error("division by zero");
        return sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - (Math.Floor(left / right) * right),
            _ => throw place.Error($"the operator '{sign}' is not supported"),
        };
    }
}
