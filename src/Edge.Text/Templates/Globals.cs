using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>Functions that every template has: those of Jinja and those that chat template hosts add.</summary>
internal static class Globals
{
    public static void AddTo(TemplateScope scope)
    {
        Add(scope, "raise_exception", (_, arguments) => throw new TemplateException(arguments.TakeText(0, "message")));
        Add(scope, "strftime_now", (context, arguments) =>
            Time(context.Now, arguments.TakeText(0, "format"), arguments.Place));
        Add(scope, "range", Range);
        Add(scope, "namespace", (context, arguments) =>
        {
            var space = new TemplateNamespace([]);
            foreach ((object key, object? value) in Map(context, arguments).Items)
            {
                string name = key as string ?? throw arguments.Place.Error("a namespace has names only, no numbers");
                space.Items[name] = value;
            }
            return space;
        });
        Add(scope, "dict", Map);
    }

    private static void Add(TemplateScope scope, string name, Func<RenderContext, Arguments, object?> body) =>
        scope[name] = new TemplateFunction(name, body);

    private static TemplateMap Map(RenderContext context, Arguments arguments)
    {
        context.Work(TemplateLimits.ListCost + (arguments.Named.Count * TemplateLimits.MapEntryCost), arguments.Place);
        var map = new TemplateMap();
        if (arguments.TryTake(0, "", out object? given))
        {
            if (given is not TemplateMap source)
                throw arguments.Place.Error($"a dict cannot be made of a {Python.TypeName(given)}");
            context.Work(source.Items.Count * (long)TemplateLimits.MapEntryCost, arguments.Place);
            foreach ((object key, object? value) in source.Items) map.Items[key] = value;
        }
        foreach ((string key, object? value) in arguments.Named) map.Items[key] = value;
        return map;
    }

    private static TemplateList Range(RenderContext context, Arguments arguments)
    {
        Place place = arguments.Place;
        long first = arguments.TakeInteger(0, "start", 0), step = arguments.TakeInteger(2, "step", 1);
        bool one = !arguments.TryTake(1, "stop", out _);
        long start = one ? 0 : first, stop = one ? first : arguments.TakeInteger(1, "stop", 0);
        if (step == 0) throw place.Error("the step of a range is zero");
        double count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        context.Work((long)Math.Min(count * TemplateLimits.MadeItemCost, int.MaxValue), place);
        var items = new List<object?>((int)count);
        for (int i = 0; i < (int)count; i++) items.Add(start + (i * step));
        return new(items);
    }

    private static string Time(DateTimeOffset now, string format, Place place)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length) { text.Append(format[i]); continue; }
            char field = format[++i];
            if (field == '-' && i + 1 < format.Length)
            {
                // %-d: without the leading zero.
                string padded = Field(now, format[++i], place);
                text.Append(padded.Length > 1 ? padded.TrimStart('0') : padded);
            }
            else text.Append(Field(now, field, place));
        }
        return text.ToString();
    }

    private static string Field(DateTimeOffset now, char field, Place place) => field switch
    {
        '%' => "%",
        'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        _ => now.ToString(field switch
        {
            'Y' => "yyyy", 'y' => "yy", 'm' => "MM", 'B' => "MMMM", 'b' => "MMM",
            'd' => "dd", 'A' => "dddd", 'a' => "ddd",
            'H' => "HH", 'I' => "hh", 'M' => "mm", 'S' => "ss", 'p' => "tt", 'F' => "yyyy-MM-dd", 'T' => "HH:mm:ss",
            _ => throw place.Error($"strftime_now: '%{field}' is not supported"),
        }, CultureInfo.InvariantCulture),
    };
}
