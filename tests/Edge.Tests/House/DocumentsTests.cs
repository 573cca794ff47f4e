using System.Text.RegularExpressions;
using Xunit;

namespace Edge.Tests.House;

/// <summary>Documents name only what exists.</summary>
public sealed partial class DocumentsTests
{
    private static readonly string[] Roots =
        ["src/", "tests/", "devices/", "packaging/", "scripts/", "docs/", ".ci/", ".github/"];

    [Fact]
    public void Paths_NamedInDocuments_Exist()
    {
        var wrong = from doc in Repository.Files(".md")
                    from Match m in Quoted().Matches(Repository.Read(doc))
                    let path = m.Groups[1].Value.TrimStart('.', '/').TrimEnd('/')
                    let named = m.Groups[1].Value.StartsWith("./", StringComparison.Ordinal) ? path : m.Groups[1].Value
                    where Roots.Any(r => named.StartsWith(r, StringComparison.Ordinal))
                    where !named.Contains('*') && !named.Contains('<')
                    let file = named.Split(':')[0].TrimEnd('/')
                    where !Repository.Exists(file)
                    select $"{doc}: {named}";
        Verdict.None(wrong);
    }

    [Fact]
    public void Links_InDocuments_PointToFiles()
    {
        var wrong = from doc in Repository.Files(".md")
                    from Match m in Link().Matches(Repository.Read(doc))
                    let target = m.Groups[1].Value.Split('#')[0]
                    where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
                    let folder = Path.GetDirectoryName(doc) ?? ""
                    let path = Path.GetFullPath(Path.Combine(Repository.Root, folder, target))
                    where !Repository.Exists(Path.GetRelativePath(Repository.Root, path))
                    select $"{doc}: {m.Groups[1].Value}";
        Verdict.None(wrong);
    }

    [Fact]
    public void FollowOneRequest_EveryStep_NamesAMethodThatExists()
    {
        var steps = Step().Matches(Repository.Read("src/README.md")).ToList();
        Assert.InRange(steps.Count, 5, 9);
        Assert.All(steps, m =>
        {
            string file = m.Groups[1].Value, method = m.Groups[2].Value;
            Assert.True(Repository.Exists(file), $"src/README.md names {file}");
            Assert.True(Regex.IsMatch(new SourceText(Repository.Read(file)).Code, $@"\b{method}\b"),
                $"src/README.md names {method} in {file}");
        });
    }

    [GeneratedRegex(@"`([^`\s]+/[^`\s]*)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\d+\.\s[^`]*`(src/[^`:]+\.cs):(\w+)`", RegexOptions.Multiline)]
    private static partial Regex Step();
}
