namespace Edge.Text;

/// <summary>A schema after $ref, allOf and defaults are resolved: what kinds of value it allows. Pointer: where it
/// came from.</summary>
internal abstract class SchemaNode(string pointer)
{
    public string Pointer { get; } = pointer;

    /// <summary>The schema does not name its type, so a validator also takes values of the types that it does not
    /// speak about.</summary>
    public bool Untyped { get; init; }

    public sealed class Anything(string pointer) : SchemaNode(pointer);

    /// <summary>One of the given values, each as canonical JSON.</summary>
    public sealed class Literals(string pointer, List<JsonLiteral> values) : SchemaNode(pointer)
    {
        public List<JsonLiteral> Values { get; } = values;
    }

    /// <summary>Max -1 is unbounded; both count code points.</summary>
    public sealed class Text(string pointer, int min, int max, string? keyword, PatternNode? pattern)
        : SchemaNode(pointer)
    {
        public int Min { get; } = min;
        public int Max { get; } = max;
        /// <summary>The keyword that the pattern comes from.</summary>
        public string Keyword { get; } = keyword ?? "maxLength";
        public PatternNode? Pattern { get; } = pattern;
    }

    /// <summary>Range null: any number. Factor 0: any multiple. Least and Greatest: the bounds as the schema has
    /// them.</summary>
    public sealed class Number(string pointer, DecimalRange? range, int factor, double least, double greatest)
        : SchemaNode(pointer)
    {
        public double Least { get; } = least;
        public double Greatest { get; } = greatest;
        public DecimalRange? Range { get; } = range;
        public int Factor { get; } = factor;
    }

    /// <summary>Properties in the order in which a reply gives them; Extra null: no others.</summary>
    public sealed class Object(string pointer, List<SchemaProperty> properties, SchemaNode? extra, bool closed)
        : SchemaNode(pointer)
    {
        /// <summary>The schema itself forbids other properties; without it Extra may still be null, which is our
        /// narrower choice.</summary>
        public bool Closed { get; } = closed;
        public List<SchemaProperty> Properties { get; } = properties;
        public SchemaNode? Extra { get; } = extra;
    }

    /// <summary>Prefix: the first items, one schema each; Rest null: no more; Max -1 is unbounded.</summary>
    public sealed class Array(string pointer, List<SchemaNode> prefix, SchemaNode? rest, int min, int max)
        : SchemaNode(pointer)
    {
        public List<SchemaNode> Prefix { get; } = prefix;
        public SchemaNode? Rest { get; } = rest;
        public int Min { get; } = min;
        public int Max { get; } = max;
    }

    public sealed class Alternatives(string pointer, List<SchemaNode> options) : SchemaNode(pointer)
    {
        public List<SchemaNode> Options { get; } = options;
    }

    /// <summary>A $ref; the target is set as soon as it has been read, which for a recursive schema is later.</summary>
    public sealed class Reference(string pointer) : SchemaNode(pointer)
    {
        public SchemaNode? Target { get; set; }
    }
}
