using System.Runtime.CompilerServices;
using System.Text;

namespace Edge.Text;

/// <summary>Variables of one scope; looking up goes outwards.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object?> _values = [];

    public object? this[string name] { set => _values[name] = value; }

    public void Clear() => _values.Clear();

    public bool TryFind(string name, out object? value)
    {
        for (TemplateScope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out value)) return true;
        }
        value = null;
        return false;
    }

    private TemplateScope? Outer => outer;
}

/// <summary>One rendering: scope, output and what is left of the limits.</summary>
internal sealed class RenderContext(TemplateScope globals, Func<DateTimeOffset> now)
{
    private int _steps, _iterations, _work, _calls, _outputChars;

    public TemplateScope Scope { get; set; } = globals;
    public StringBuilder Output { get; private set; } = new();
    public DateTimeOffset Now => now();

    /// <summary>The first name that no scope had, for hosts that take it for a mistake.</summary>
    public string? MissingName { get; private set; }

    public Undefined Missing(string name)
    {
        MissingName ??= name;
        return new Undefined($"'{name}' is undefined");
    }

    /// <summary>To be called by everything that is evaluated: bounds time and the depth of the stack.</summary>
    public void Step(Place place)
    {
        if (++_steps > TemplateLimits.StepsMax) throw Exceeded(place, "steps", TemplateLimits.StepsMax);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw place.Error("the template is nested too deeply for the stack");
    }

    public void Iterate(Place place)
    {
        if (++_iterations > TemplateLimits.LoopIterationsMax)
            throw Exceeded(place, "loop iterations", TemplateLimits.LoopIterationsMax);
    }

    /// <summary>To be called before characters or items are made.</summary>
    public void Work(long amount, Place place)
    {
        if (amount > TemplateLimits.WorkMax - _work) throw Exceeded(place, "characters made", TemplateLimits.WorkMax);
        _work += (int)amount;
    }

    /// <summary>To be called before text is looked through, many characters at a time.</summary>
    public void Scan(string text, Place place) => Work(text.Length / 32, place);

    public string Made(string text, Place place)
    {
        Work(text.Length, place);
        return text;
    }

    public void Write(string text, Place place)
    {
        _outputChars += text.Length;
        if (_outputChars > TemplateLimits.OutputCharsMax)
            throw Exceeded(place, "output characters", TemplateLimits.OutputCharsMax);
        Output.Append(text);
    }

    /// <summary>What <paramref name="body"/> writes, in a scope of its own within <paramref name="outer"/>.</summary>
    public string Capture(TemplateScope scope, Place place, IReadOnlyList<Statement> body)
    {
        if (++_calls > TemplateLimits.CallDepthMax) throw Exceeded(place, "nested calls", TemplateLimits.CallDepthMax);
        (TemplateScope callerScope, StringBuilder callerOutput) = (Scope, Output);
        (Scope, Output) = (scope, new());
        Statement.ExecuteAll(body, this);
        string text = Output.ToString();
        (Scope, Output) = (callerScope, callerOutput);
        _calls--;
        return Made(text, place);
    }

    private static TemplateException Exceeded(Place place, string what, int limit) =>
        place.Error($"the template exceeds the limit of {limit} {what}");
}
