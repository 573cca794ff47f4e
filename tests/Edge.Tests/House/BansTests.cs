using System.Text.RegularExpressions;
using Xunit;

namespace Edge.Tests.House;

/// <summary>What the house does without: where, a pattern over code (comments and strings blanked), why.</summary>
public sealed partial class BansTests
{
    private static readonly (string Folder, string Pattern, string Why, string[] Except)[] Rows =
    [
        ("src", @"\b(class|record|struct|interface)\s+\w*(Manager|Helper|Helpers|Util|Utils|Processor|Impl)\b",
            "a name that says nothing", []),
        ("devices", @"\b(class|record|struct|interface)\s+\w*(Manager|Helper|Helpers|Util|Utils|Processor|Impl)\b",
            "a name that says nothing", []),
        ("src", @"\bIsSupported\b", "only KernelSet.cs asks the CPU", ["src/Edge.Models/KernelSet.cs"]),
        ("src", @"Environment\.GetEnvironmentVariable", "only the agent reads the environment", ["src/Edge.Agent/"]),
        ("src", @"\bActivator\.|\bReflection\b|\bdynamic\b|Type\.GetType\(", "the binary is trimmed and native",
            ["src/Edge.Agent/Service/NodeCard.cs"]), // its own version, from its own assembly
        ("src/Edge.Kernels", @"\bnew\s*(\[|[a-z])|\bstackalloc\b|\bthrow\b|\btry\b|\bstring\b",
            "kernels are freestanding: nothing of the run time", []),
        ("src/Edge.Kernels", @"^(?!.*\bstatic\b).*\bclass\s",
            "kernels allocate nothing: their own types are structs", []),
        ("src/Edge.Kernels", @"Span<|\bMathF?\.|\bHalf\b|\bUnsafe\.|\[\]",
            "kernels are freestanding: pointers only", []),
        ("src/Edge.Kernels", @"^\s*(public|internal|private)\s+static\s+(readonly\s+)?[\w<>\*]+\s+\w+\s*(=[^>]|;)",
            "kernels hold no static state", []),
        ("src/Edge.Kernels", @"\binterface\b|\bdelegate\b(?!\s*\*)|\bclass\s+\w+\s*<",
            "kernels are static methods", []),
        ("src", @"\bThread\.Sleep\b", "wait for an event, with a bound", []),
        ("src", @"\b(TODO|FIXME|HACK)\b|NotImplementedException", "finish it or leave it out", []),
    ];

    [Fact]
    public void Code_EveryBan_IsKept()
    {
        var wrong = from file in Repository.Sources("src", "devices")
                    let lines = new SourceText(Repository.Read(file)).Lines
                    from row in Rows
                    where file.StartsWith(row.Folder + "/", StringComparison.Ordinal)
                    where !row.Except.Any(e => file.StartsWith(e, StringComparison.Ordinal))
                    from line in lines.Select((Text, Index) => (Text, Index))
                    where Regex.IsMatch(line.Text, row.Pattern)
                    select $"{file}:{line.Index + 1}: {line.Text.Trim()} ({row.Why})";
        Verdict.None(wrong);
    }

    [Fact]
    public void CatchAll_OutsideABoundary_IsAbsent()
    {
        // Allowed where nothing may pass: native callbacks and the agent's top loop. Such a line says so. A block that
        // cleans up and throws on catches nothing.
        var wrong = from file in Repository.Sources("src", "devices")
                    let raw = Repository.Read(file).Split('\n')
                    from line in new SourceText(Repository.Read(file)).Lines.Select((Text, Index) => (Text, Index))
                    where CatchAll().IsMatch(line.Text)
                    where !raw[line.Index].Contains("// boundary:", StringComparison.Ordinal)
                    where !raw.Skip(line.Index).Take(8).Any(l => l.Trim() == "throw;")
                    select $"{file}:{line.Index + 1}: {line.Text.Trim()}";
        Verdict.None(wrong);
    }

    [Fact]
    public void Interfaces_OfTheProduct_HaveTwoImplementers()
    {
        var sources = Repository.Sources("src", "devices")
            .Select(f => new SourceText(Repository.Read(f)).Code).ToList();
        var lonely = from code in sources
                     from Match m in InterfaceName().Matches(code)
                     let name = m.Groups[1].Value
                     let implementer = $@"(class|record|struct)\s+\w+[^{{;]*:[^{{;]*\b{name}\b"
                     where sources.Sum(s => Regex.Count(s, implementer)) < 2
                     select name;
        Verdict.None(lonely);
    }

    [Fact]
    public void Files_Everywhere_NameNoMachineAndNoSecret()
    {
        string w = "wo", r = "ro", h = "ho";
        var pattern = new Regex($@"/{w}rk/|/{r}ot/|/{h}me/[a-z]|BEGIN (RSA |EC |)PRIVATE KEY"
            + @"|https?://\S*(nuget|registry|proxy)\S*/v3");
        string[] kinds = [".cs", ".md", ".sh", ".py", ".json", ".csproj", ".props", ".yml", ".c", ".h"];
        var wrong = from file in Repository.Files(kinds)
                    where !file.Contains("/House/", StringComparison.Ordinal)
                    where !file.Contains("/seeds/", StringComparison.Ordinal)
                    from line in Repository.Read(file).Split('\n').Select((Text, Index) => (Text, Index))
                    where pattern.IsMatch(line.Text)
                    select $"{file}:{line.Index + 1}";
        Verdict.None(wrong);
    }

    [GeneratedRegex(@"\bcatch\s*(\(\s*(System\.)?Exception\b[^)]*\)(?!\s*when)|\{|$)")]
    private static partial Regex CatchAll();

    [GeneratedRegex(@"\binterface\s+(I[A-Z]\w*)")]
    private static partial Regex InterfaceName();
}
