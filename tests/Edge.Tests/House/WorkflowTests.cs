using System.Text.RegularExpressions;
using Xunit;

namespace Edge.Tests.House;

/// <summary>The workflow of the hosted runners, which nobody runs before it is merged.</summary>
public sealed partial class WorkflowTests
{
    private const string Path = ".github/workflows/packages.yml";
    private static readonly string Text = Repository.Read(Path);
    private static readonly string[] Lines = Text.Split('\n');

    [Fact]
    public void Layout_EveryLine_IsIndentedByTwoWithoutTabs() => Verdict.None(
        from line in Lines.Select((Text, Index) => (Text, Index))
        let depth = line.Text.Length - line.Text.TrimStart(' ').Length
        where line.Text.Contains('\t') || (depth % 2 != 0 && line.Text.Trim().Length > 0) || line.Text.Length > 120
        select $"{Path}:{line.Index + 1}");

    [Fact]
    public void Jobs_Both_BuildOnBothKindsOfRunnerThenPublish()
    {
        Assert.Equal(["build", "publish"], Job().Matches(Text[Text.IndexOf("\njobs:", StringComparison.Ordinal)..])
            .Select(m => m.Groups[1].Value));
        Assert.Contains("runner: ubuntu-24.04, arch: amd64", Text, StringComparison.Ordinal);
        Assert.Contains("runner: ubuntu-24.04-arm, arch: arm64", Text, StringComparison.Ordinal);
        Assert.Contains("needs: build", Text, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(Text, @"(?m)^    timeout-minutes: \d+$"));
    }

    [Fact]
    public void Scripts_ThatItRuns_ExistAndTestComesBeforeDeb()
    {
        var run = Script().Matches(Text).Select(m => m.Value).ToList();
        Assert.All(run, script => Assert.True(Repository.Exists(script), script));
        Assert.True(run.IndexOf("scripts/test") < run.IndexOf("scripts/deb"));
        string proofs = Regex.Match(Text, @"for proof in ([a-z ]+);").Groups[1].Value;
        Assert.All(proofs.Split(' '), proof => Assert.True(Repository.Exists($"scripts/prove-{proof}"), proof));
    }

    [Fact]
    public void Actions_EveryOne_IsGitHubsOwnWithAVersion() =>
        Assert.All(
            Uses().Matches(Text).Cast<Match>(), m => Assert.Matches(@"^actions/[a-z-]+@v\d+$", m.Groups[1].Value));

    [Fact]
    public void Rights_OfTheWorkflow_AreToRead() =>
        Assert.Contains("\npermissions:\n  contents: read\n", Text, StringComparison.Ordinal);

    [Fact]
    public void Expressions_FromOutside_ReachNoShell()
    {
        // A form's text or a secret inside of `run:` would be program text; they go through the environment.
        var shell = new List<string>();
        int block = -1;
        foreach (string line in Lines)
        {
            int depth = line.Length - line.TrimStart().Length;
            if (block >= 0 && line.Trim().Length > 0 && depth <= block) block = -1;
            if (block >= 0 || line.TrimStart().StartsWith("run: ", StringComparison.Ordinal)) shell.Add(line);
            if (line.TrimStart().StartsWith("run: |", StringComparison.Ordinal)) block = depth;
        }
        Assert.True(shell.Count > 10);
        Verdict.None(shell.Where(l => l.Contains("${{", StringComparison.Ordinal)
            && !l.Contains("${{ matrix.", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"(?m)^  ([a-z]+):$")]
    private static partial Regex Job();

    [GeneratedRegex(@"\bscripts/[a-z-]+(?=[\s])")]
    private static partial Regex Script();

    [GeneratedRegex(@"uses: (\S+)")]
    private static partial Regex Uses();
}
