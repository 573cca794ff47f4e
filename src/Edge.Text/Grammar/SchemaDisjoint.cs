namespace Edge.Text;

/// <summary>Whether no value can be valid under both of two schemas; "no" when it is not obvious.</summary>
internal static class SchemaDisjoint
{
    private const int DepthMax = 8;

    public static bool Holds(SchemaNode a, SchemaNode b, int depth = 0)
    {
        if (depth > DepthMax)
            return false;
        return (a, b) switch
        {
            (SchemaNode.Reference { Target: { } target }, _) => Holds(target, b, depth + 1),
            (_, SchemaNode.Reference { Target: { } target }) => Holds(a, target, depth + 1),
            (SchemaNode.Alternatives options, _) => options.Options.All(option => Holds(option, b, depth + 1)),
            (_, SchemaNode.Alternatives options) => options.Options.All(option => Holds(a, option, depth + 1)),
            (SchemaNode.Literals x, SchemaNode.Literals y) => x.Values.Count * (long)y.Values.Count <= 10_000
                && x.Values.All(value => y.Values.All(value.DiffersFrom)),
            (SchemaNode.Object x, SchemaNode.Object y) => Objects(x, y, depth) || Objects(y, x, depth),
            (SchemaNode.Number x, SchemaNode.Number y) => x.Greatest < y.Least || y.Greatest < x.Least,
            _ => (Types(a) & Types(b)) == 0,
        };
    }

    /// <summary>A property that a must have and that b forbids, or gives values that a does not.</summary>
    private static bool Objects(SchemaNode.Object a, SchemaNode.Object b, int depth)
    {
        foreach (var property in a.Properties)
        {
            if (!property.Required)
                continue;
            var other = b.Properties.Find(candidate => candidate.Name == property.Name);
            if (other is not null ? Holds(property.Value, other.Value, depth + 1) : b.Closed)
                return true;
        }
        return false;
    }

    private static JsonTypes Types(SchemaNode node) => node switch
    {
        { Untyped: true } => JsonTypes.All,
        SchemaNode.Literals literals =>
            literals.Values.Aggregate(JsonTypes.None, (types, value) => types | value.Types),
        SchemaNode.Text => JsonTypes.String,
        // An integer schema also holds 1.0, so both kinds of number are one here.
        SchemaNode.Number => JsonTypes.Number,
        SchemaNode.Object => JsonTypes.Object,
        SchemaNode.Array => JsonTypes.Array,
        _ => JsonTypes.All,
    };
}
