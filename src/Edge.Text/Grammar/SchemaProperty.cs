namespace Edge.Text;

internal sealed record SchemaProperty(string Name, SchemaNode Value, bool Required);
