using System.Text.Json;
using Edge.Gguf;

namespace Edge.Agent;

/// <summary>What the system and the rooms below say of a failure, as a sentence with a remedy.</summary>
internal static class Sentence
{
    // errno of Linux, which .NET hands on.
    private const int NoSpace = 28, ReadOnly = 30, Quota = 122;

    public static string Of(Exception e) => e switch
    {
        UnauthorizedAccessException =>
            Bare(e) + "; give this user the right to it, or name another file (no directory)",
        DirectoryNotFoundException => Bare(e) + "; make its folder first, or name another place",
        IOException { HResult: NoSpace or Quota } => Bare(e) + "; free some room, or name a place on another disk",
        _ when OutputPath.IsTooLarge(e) => "a file may not grow: a limit on the size of files is reached; lift it " +
            "(ulimit -f), or name a place on another disk",
        IOException { HResult: ReadOnly } => Bare(e) + "; name a place that can be written",
        JsonException { LineNumber: { } line, BytePositionInLine: { } column } =>
            $"{Before(e.Message, " LineNumber:").TrimEnd('.')} (line {line + 1}, byte {column + 1})",
        ArgumentException { ParamName: { } name } => e.Message.Replace($" (Parameter '{name}')", "",
            StringComparison.Ordinal),
        _ => e.Message,
    };

    /// <summary>An option that cannot be read, without the names of the program's types.</summary>
    public static string OfOption(string message)
    {
        int at = message.IndexOf(" as expected type 'System.", StringComparison.Ordinal);
        if (at < 0) return message;
        bool isWhole = message.IndexOf("Int", at, StringComparison.Ordinal) > 0;
        bool isUnsigned = message.IndexOf("UInt", at, StringComparison.Ordinal) > 0;
        return message[..at] + (isUnsigned ? ": a whole number from 0 is expected"
            : isWhole ? ": a whole number is expected" : ": a number is expected");
    }

    private static string Before(string text, string mark)
    {
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? text : text[..at];
    }

    private static string Bare(Exception e) => e.Message.TrimEnd('.');
}
