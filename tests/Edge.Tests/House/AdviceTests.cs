using System.CommandLine;
using System.Text.RegularExpressions;
using Edge.Agent;
using Xunit;

namespace Edge.Tests.House;

/// <summary>What messages advise can be typed: commands, options and the names of types are the parser's.</summary>
public sealed partial class AdviceTests
{
    /// <summary>Of every command, and of another program.</summary>
    private static readonly string[] Others = ["--help", "--merge"];

    private static IEnumerable<(string Path, string Text)> Sources =>
        from path in Repository.Sources("src")
        where !path.StartsWith("src/Edge.Kernels/", StringComparison.Ordinal)
        select (path, Messages(Repository.Read(path)));

    [Fact]
    public void Advice_InMessages_IsUnderstood() => Verdict.None(
        from source in Sources
        from problem in Problems(source.Text)
        select $"{source.Path}: {problem}");

    [Fact]
    public void Advice_InMessages_IsFound()
    {
        Assert.Contains(Sources, source => Advised().IsMatch(source.Text) && source.Path.EndsWith(
            "MemoryPlanner.cs", StringComparison.Ordinal));
        Assert.True(Sources.Sum(source => Advised().Count(source.Text)) > 15);
    }

    [Theory]
    [InlineData("x = \"(edge pack --type nested4 makes two)\";", "nested4")]
    [InlineData("x = \"as 'edge pack \" +\n    $\"--type digits5' does\";", "digits5")]
    [InlineData("x = \"'edge kernel' lists them\";", "kernel")]
    [InlineData("x = \"'edge kernels --tun' measures\";", "--tun")]
    [InlineData("x = \"give --memori 5M\";", "--memori")]
    public void Advice_ThatNoParserTakes_IsNamed(string code, string named) =>
        Assert.Contains(Problems(Messages(code)), problem => problem.Contains(named, StringComparison.Ordinal));

    private static IEnumerable<string> Problems(string text)
    {
        RootCommand root = CommandLine.Create();
        foreach (Match advice in Advised().Matches(text))
        {
            string name = advice.Groups["command"].Value;
            Command? command = root.Subcommands.FirstOrDefault(c => c.Name == name);
            if (command is null && advice.Value[0] == '\'') yield return $"there is no command '{name}'";
            if (command is null) continue;
            var known = Everything(command).ToHashSet();
            foreach (Match option in Option().Matches(advice.Groups["rest"].Value))
                if (!known.Contains(option.Value)) yield return $"'edge {name}' has no option {option.Value}";
        }
        var all = Everything(root).Concat(Others).ToHashSet();
        foreach (Match option in Option().Matches(text))
            if (!all.Contains(option.Value)) yield return $"no command has the option {option.Value}";
        foreach (Match type in Type().Matches(text))
            if (root.Parse(["pack", "-m", "a", "-o", "b", "--type", type.Groups[1].Value]).Errors is [var error, ..])
                yield return error.Message;
    }

    private static IEnumerable<string> Everything(Command command) =>
        command.Options.SelectMany(option => option.Aliases.Append(option.Name))
            .Concat(command.Subcommands.SelectMany(Everything));

    /// <summary>A file without comments, each message in one piece.</summary>
    private static string Messages(string code) => Joint().Replace(Comment().Replace(code, ""), "");

    [GeneratedRegex(@"'?\bedge (?<command>[a-z]+)(?<rest>[^""'();]*)")]
    private static partial Regex Advised();

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z0-9-]*")]
    private static partial Regex Option();

    // "--type" of a bench is another one; what is filled in is not known here.
    [GeneratedRegex(@"--type (?=[a-z]+\d|keep|ternary|mixed)([a-z0-9+._]+)")]
    private static partial Regex Type();

    [GeneratedRegex(@"""\s*\+\s*\$?""")]
    private static partial Regex Joint();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
