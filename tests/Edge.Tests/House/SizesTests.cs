using Xunit;

namespace Edge.Tests.House;

/// <summary>Files, functions and lines stay small; an exception says why (`// long: …`), and they only fall.</summary>
public sealed class SizesTests
{
    private const int FileLines = 300, FunctionLines = 70, LineChars = 120;

    // The ratchet: lower it when an exception goes away, never raise it without a page in docs/decisions.
    private const int ExceptionsMax = 24;

    private static readonly IReadOnlyList<string> All = Repository.Sources("src", "devices", "tests");

    private static string? Reason(string text)
    {
        int at = text.IndexOf("// long: ", StringComparison.Ordinal);
        return at < 0 ? null : text[(at + 9)..].Split('\n')[0].Trim();
    }

    [Fact]
    public void Files_WithoutAReason_AreAtMost300Lines() => Verdict.None(
        from f in All
        let text = Repository.Read(f)
        let lines = text.Count(c => c == '\n')
        where lines > FileLines && Reason(text) is null
        select $"{f}: {lines} lines");

    [Fact]
    public void Functions_WithoutAReason_AreAtMost70Lines() => Verdict.None(
        from f in All
        let text = Repository.Read(f)
        where Reason(text) is null
        from m in new SourceText(text).Functions()
        where m.Length > FunctionLines
        select $"{f}:{m.Line}: {m.Length} lines: {m.Header.Split('\n')[^1].Trim()}");

    [Fact]
    public void Lines_Everywhere_AreAtMost120Characters() => Verdict.None(
        from f in All.Concat(Repository.Files(".py", ".sh", ".c", ".h"))
        where !f.StartsWith("scripts/golden/", StringComparison.Ordinal) // templates and cases, one a line
        from line in Repository.Read(f).Split('\n').Select((Text, Index) => (Text, Index))
        where line.Text.TrimEnd('\r').Length > LineChars
        select $"{f}:{line.Index + 1}: {line.Text.Length} characters");

    [Fact]
    public void Exceptions_AllOfThem_HaveReasonsAndDoNotGrow()
    {
        var exceptions = All.Where(f => f.IndexOf("/House/", StringComparison.Ordinal) < 0)
            .Select(f => (File: f, Why: Reason(Repository.Read(f)))).Where(e => e.Why is not null).ToList();
        Assert.All(exceptions, e =>
            Assert.True(e.Why!.Split(' ').Length >= 3, $"{e.File}: no reason after `// long:`"));
        Assert.True(exceptions.Count <= ExceptionsMax,
            $"{exceptions.Count} files claim to be long for a reason, {ExceptionsMax} may: "
            + string.Join(", ", exceptions.Select(e => e.File)));
    }

    [Fact]
    public void SourceText_FunctionOfKnownLength_IsMeasured()
    {
        const string text = "class A\n{\n /* { */ void F()\n {\n  var s = \"}\";\n  if (s == null) { }\n }\n}\n";
        var f = Assert.Single(new SourceText(text).Functions());
        Assert.Equal((3, 5), (f.Line, f.Length));
    }
}
