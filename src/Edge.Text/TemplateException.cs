using Edge.Gguf;

namespace Edge.Text;

/// <summary>A chat template that cannot be used, or that refuses the messages: names construct, line and column, or is
/// the template's own message; one printable line.</summary>
public sealed class TemplateException(string message) : Exception(Printable.Line(message));
