using System.Text;

namespace Edge.Tests.House;

/// <summary>A C# file with comments and literals blanked out (same lines), and the functions found in it.</summary>
internal sealed class SourceText
{
    public SourceText(string text)
    {
        Code = Blank(text);
        Lines = Code.Split('\n');
    }

    public string Code { get; }

    public IReadOnlyList<string> Lines { get; }

    /// <summary>Functions with a block body: text before the brace, first line (1-based), number of lines.</summary>
    public IEnumerable<(string Header, int Line, int Length)> Functions()
    {
        var open = new Stack<(bool IsType, string Header, int Line)>();
        var header = new StringBuilder();
        int line = 1, headerLine = 1;
        foreach (char c in Code)
        {
            if (c == '\n') line++;
            if (c is ';' or '{' or '}')
            {
                string text = header.ToString().Trim();
                header.Clear();
                if (c == '{') open.Push((IsTypeHeader(text), text, headerLine));
                else if (c == '}' && open.TryPop(out var block) && !block.IsType
                    && (open.Count == 0 || open.Peek().IsType))
                    yield return (block.Header, block.Line, line - block.Line + 1);
            }
            else
            {
                if (header.ToString().AsSpan().Trim().IsEmpty) headerLine = line;
                header.Append(c);
            }
        }
    }

    // Neither a type's body nor the initialiser of a table is a function.
    private static bool IsTypeHeader(string header)
    {
        if (header.Contains("=> new", StringComparison.Ordinal)) return true;
        while (header.StartsWith('[') && header.IndexOf("]\n", StringComparison.Ordinal) is > 0 and var end)
            header = header[(end + 2)..].TrimStart();
        if (header.Contains('=') && !header.Contains("where", StringComparison.Ordinal)) return false;
        string[] words = header.Split([' ', '\n', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        int paren = Array.FindIndex(words, w => w.Contains('('));
        string[] kinds = ["class", "struct", "record", "interface", "enum", "namespace"];
        int type = Array.FindIndex(words, kinds.Contains);
        return type >= 0 && (paren < 0 || type < paren);
    }

    private static string Blank(string text)
    {
        var b = new StringBuilder(text);
        int i = 0;
        while (i < text.Length)
        {
            int end = EndOfCommentOrLiteral(text, i);
            if (end == i) { i++; continue; }
            for (int k = i; k < end; k++)
                if (text[k] != '\n') b[k] = ' ';
            i = end;
        }
        return b.ToString();
    }

    // The index after the comment or literal that starts at i, or i itself where none starts.
    private static int EndOfCommentOrLiteral(string s, int i)
    {
        if (Starts(s, i, "//")) return IndexOrEnd(s, s.IndexOf('\n', i));
        if (Starts(s, i, "/*")) return IndexOrEnd(s, s.IndexOf("*/", i + 2, StringComparison.Ordinal), 2);
        if (s[i] == '\'') return EndOfEscaped(s, i, '\'');
        int quote = i;
        bool verbatim = false;
        while (quote < s.Length && s[quote] is '$' or '@') verbatim |= s[quote++] == '@';
        if (quote >= s.Length || s[quote] != '"') return i;
        if (Starts(s, quote, "\"\"\""))
        {
            int n = 0;
            while (quote + n < s.Length && s[quote + n] == '"') n++;
            return IndexOrEnd(s, s.IndexOf(new string('"', n), quote + n, StringComparison.Ordinal), n);
        }
        if (!verbatim) return EndOfEscaped(s, quote, '"');
        int k = quote + 1;
        while (k < s.Length && (s[k] != '"' || Starts(s, k, "\"\""))) k += s[k] == '"' ? 2 : 1;
        return Math.Min(s.Length, k + 1);
    }

    private static int EndOfEscaped(string s, int start, char quote)
    {
        int k = start + 1;
        while (k < s.Length && s[k] != quote && s[k] != '\n') k += s[k] == '\\' ? 2 : 1;
        return Math.Min(s.Length, k + 1);
    }

    private static bool Starts(string s, int i, string what) => string.CompareOrdinal(s, i, what, 0, what.Length) == 0;

    private static int IndexOrEnd(string s, int index, int extra = 0) => index < 0 ? s.Length : index + extra;
}
