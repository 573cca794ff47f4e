using System.Text;
using System.Text.Json;

namespace Edge.Text;

/// <summary>First look at a schema document: its size is bounded and all its text is whole Unicode before anything
/// else reads it.</summary>
internal sealed class SchemaScan
{
    /// <summary>The way to a value; spelled out only where something is refused.</summary>
    private sealed record Step(Step? Parent, string Name)
    {
        public static string Spell(Step? step) => step is null ? "" : $"{Spell(step.Parent)}/{Escape(step.Name)}";
    }

    private int _elements;
    private int _textBytes;

    public static void Check(JsonElement schema) => new SchemaScan().Visit(schema, null, 0);

    private void Visit(JsonElement value, Step? step, int depth)
    {
        if (++_elements > GrammarLimits.ElementsMax)
            throw SchemaRefusedException.At("", Step.Spell(step),
                $"the schema has more than {GrammarLimits.ElementsMax} values; make it smaller");
        if (depth > 128)
            throw SchemaRefusedException.At("", Step.Spell(step), "the schema is nested more than 128 deep; use $ref");
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    Visit(property.Value, new Step(step, Name(property, step)), depth + 1);
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    Visit(item, new Step(step, $"{index++}"), depth + 1);
                break;
            case JsonValueKind.String:
                Text(() => value.GetString()!, step);
                break;
            case JsonValueKind.Number:
                Count(value.GetRawText().Length, step);
                break;
            case JsonValueKind.Undefined:
                throw SchemaRefusedException.At("", Step.Spell(step), "there is no schema");
        }
    }

    /// <summary>A name as one step of a JSON pointer.</summary>
    public static string Escape(string name) => name.Replace("~", "~0").Replace("/", "~1");

    private string Name(JsonProperty property, Step? step)
    {
        var name = Text(() => property.Name, step);
        return name.Length <= GrammarLimits.NameCharsMax
            ? name
            : throw SchemaRefusedException.At("", Step.Spell(step),
                $"a name longer than {GrammarLimits.NameCharsMax} characters");
    }

    private string Text(Func<string> read, Step? step)
    {
        string text;
        try
        {
            text = read();
        }
        catch (InvalidOperationException)
        {
            // System.Text.Json says so when a \u escape is half a surrogate pair.
            throw SchemaRefusedException.At("", Step.Spell(step),
                "text with half a surrogate pair; write the character itself");
        }
        Count(Encoding.UTF8.GetByteCount(text), step);
        return text;
    }

    private void Count(int bytes, Step? step)
    {
        _textBytes += bytes;
        if (_textBytes > GrammarLimits.TextBytesMax)
            throw SchemaRefusedException.At("", Step.Spell(step),
                $"the schema has more than {GrammarLimits.TextBytesMax} bytes of text");
    }
}
