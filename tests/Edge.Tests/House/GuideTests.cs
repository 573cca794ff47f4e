using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Agent;
using Edge.Agent.Config;
using Xunit;

namespace Edge.Tests.House;

/// <summary>Who follows a document finds every command, option and key that it names.</summary>
public sealed partial class GuideTests
{
    /// <summary>Documents for users, the guides among them.</summary>
    private static IEnumerable<string> Documents => Repository.Files(".md")
        .Where(path => path == "README.md" || path.StartsWith("docs/", StringComparison.Ordinal))
        .Where(path => !path.StartsWith("docs/decisions/", StringComparison.Ordinal));

    [Fact]
    public void Commands_InDocuments_Exist() => Verdict.None(
        from path in Documents
        from command in ShellText.Commands(Repository.Read(path))
        let problem = Problem(command)
        where problem is not null
        select $"{path}: {string.Join(' ', command.Words)}: {problem}");

    [Fact]
    public void Commands_OfTheGuides_AreFound()
    {
        var guides = Repository.Files(".md").Where(path => path.StartsWith("docs/guides/", StringComparison.Ordinal));
        var commands = guides.SelectMany(path => ShellText.Commands(Repository.Read(path)))
            .Select(command => command.Words).ToList();
        Assert.Contains(commands, c => c is ["edge", "plan", "-m", "chat-packed.gguf", "--memory", "1500M"]);
        Assert.Contains(commands, c => c is ["./scripts/deb", "--arch", "arm64"]);
        Assert.Contains(commands, c => c is ["edge", "doctor"]);
        Assert.Contains(commands, c => c is ["./scripts/feed", "promote"]);
    }

    [Theory]
    [InlineData("```sh\nedge fleet --brocker x\n```", "--brocker")]
    [InlineData("```sh\nA=1 edge flet\n```", "flet")]
    [InlineData("```\n$ sudo edge bench | tee x\n```", "--model")]
    [InlineData("Say `edge ask --promt` twice.", "--promt")]
    [InlineData("```sh\ncd edge && ./scripts/nothing\n```", "does not exist")]
    [InlineData("`scripts/feed publish`", "publish")]
    [InlineData("`scripts/run --twice`", "--twice")]
    public void Commands_ThatDoNotExist_AreRefused(string document, string named)
    {
        var problems = ShellText.Commands(document).Select(Problem).OfType<string>();
        Assert.Contains(named, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_InTheGuides_IsAConfiguration()
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-guide-{Guid.NewGuid():N}.json");
        try
        {
            var blocks = Repository.Files(".md").Where(f => f.StartsWith("docs/guides/", StringComparison.Ordinal))
                .SelectMany(f => JsonBlock().Matches(Repository.Read(f)).Select(m => m.Groups[1].Value)).ToList();
            Assert.True(blocks.Count >= 4);
            Assert.All(blocks, json =>
            {
                File.WriteAllText(path, json);
                var overrides = new Dictionary<string, string?>();
                using var parsed = JsonDocument.Parse(json);
                if (!parsed.RootElement.TryGetProperty("model", out _)) overrides["model"] = "a.gguf";
                ConfigFile.Read([path], overrides); // A key that it does not know, or a bad value, throws.
            });
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Null, or what is wrong with a command line of ours.</summary>
    private static string? Problem(ShellCommand command)
    {
        var words = command.Words;
        if (words[0] != "edge") return ScriptProblem(words);
        var root = CommandLine.Create();
        if (command.IsQuoted) return QuotedProblem(root, words);
        var errors = root.Parse([.. words.Skip(1)]).Errors;
        return errors.Count == 0 ? null : string.Join("; ", errors.Select(e => e.Message));
    }

    /// <summary>Between backticks a command may be abridged: what it names must exist.</summary>
    private static string? QuotedProblem(RootCommand root, IReadOnlyList<string> words)
    {
        if (words.Count == 1) return null;
        if (root.Subcommands.FirstOrDefault(c => c.Name == words[1]) is not { } command)
            return $"there is no command '{words[1]}'";
        var known = command.Options.Concat(root.Options).SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet();
        return words.Skip(2).Select(word => word.Trim('[', ']')).FirstOrDefault(
            word => word.StartsWith('-') && !known.Contains(word)) is { } unknown ? $"has no option '{unknown}'" : null;
    }

    private static string? ScriptProblem(IReadOnlyList<string> words)
    {
        string path = words[0].StartsWith("./", StringComparison.Ordinal) ? words[0][2..] : words[0];
        if (!Repository.Exists(path)) return "does not exist";
        string text = Repository.Read(path);
        return words.Skip(1).FirstOrDefault(word =>
            Keyword().IsMatch(word) && !Regex.IsMatch(text, $@"(?<![\w-]){Regex.Escape(word)}(?![\w-])")) is { } unknown
            ? $"does not know '{unknown}'" : null;
    }

    // Options and the words of a command; names of files, packages and places are the reader's own.
    [GeneratedRegex("^(--?)?[a-z][a-z-]*$")]
    private static partial Regex Keyword();

    [GeneratedRegex(@"```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
