using System.Text;
using System.Text.RegularExpressions;

namespace Edge.Tests.House;

/// <summary>A command as its words; quoted: it stands between backticks, not in a block to type.</summary>
internal sealed record ShellCommand(IReadOnlyList<string> Words, bool IsQuoted);

/// <summary>The command lines of ours in a document.</summary>
internal static partial class ShellText
{
    private static readonly string[] Before = ["sudo", "time", "exec"];

    /// <summary>Each that begins with `edge` or a script of the repository.</summary>
    public static IEnumerable<ShellCommand> Commands(string document)
    {
        foreach (Match block in Fence().Matches(document))
        {
            if (block.Groups["kind"].Value is not ("" or "sh" or "console")) continue;
            // In a block with a prompt the other lines are what the commands print.
            string text = block.Groups["text"].Value;
            var lines = text.Replace("\\\n", " ").Split('\n').ToList();
            bool prompts = lines.Any(line => line.StartsWith("$ ", StringComparison.Ordinal));
            foreach (string line in lines.Where(line => !prompts || line.StartsWith("$ ", StringComparison.Ordinal)))
                foreach (var words in Parts(prompts ? line[2..] : line)) yield return new(words, IsQuoted: false);
        }
        foreach (Match quoted in Quoted().Matches(Fence().Replace(document, "")))
        {
            string text = quoted.Groups[1].Value.ReplaceLineEndings(" ");
            if (text.Contains('…') || text.Contains('*') || text.Contains(':')) continue; // About commands, not one.
            foreach (var words in Parts(text)) yield return new(words, IsQuoted: true);
        }
    }

    private static IEnumerable<IReadOnlyList<string>> Parts(string line)
    {
        var words = new List<string>();
        foreach (string word in Words(line).Append(";"))
        {
            if (word is not ("|" or "&&" or "||" or ";" or "&" or ">" or "<" or "2>" or ">>"))
            {
                words.Add(word);
                continue;
            }
            int first = words.FindIndex(w => !Before.Contains(w) && !Assignment().IsMatch(w));
            if (first >= 0 && (words[first] == "edge" || Script().IsMatch(words[first]))) yield return words[first..];
            words = [];
        }
    }

    private static IEnumerable<string> Words(string line)
    {
        var word = new StringBuilder();
        bool open = false;
        char quote = '\0';
        foreach (char c in line)
        {
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
                else word.Append(c);
            }
            else if (c is '\'' or '"')
            {
                (quote, open) = (c, true);
            }
            else if (c == '#' && word.Length == 0 && !open)
            {
                yield break;
            }
            else if (c is ' ' or ';')
            {
                if (word.Length > 0 || open) yield return word.ToString();
                if (c == ';') yield return ";";
                word.Clear();
                open = false;
            }
            else
            {
                word.Append(c);
            }
        }
        if (word.Length > 0 || open) yield return word.ToString();
    }

    [GeneratedRegex(@"^```(?<kind>\w*)\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\w+=")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^(\./)?scripts/[\w/-]+$")]
    private static partial Regex Script();
}
