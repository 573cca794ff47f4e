using System.Globalization;
using Edge.Fuzz;

const string Usage = """
    Edge.Fuzz <target> [--minutes N | --iterations N] [--seed S] [--corpus DIR] [--findings DIR]
    Damages inputs and watches that the code refuses them cleanly. Ends with 1 when it found something;
    every finding is written to the findings folder (fuzz-findings): keep it under tests/Edge.Fuzz/seeds/<target>/.
    """;

FuzzTarget? target = args.Length > 0 ? FuzzTargets.Find(args[0]) : null;
if (target is null || args.Length % 2 == 0)
{
    Console.Error.WriteLine($"{Usage}\ntargets: {string.Join(", ", FuzzTargets.Rows.Select(row => row.Name))}");
    return 2;
}
double minutes = 1;
long iterations = long.MaxValue;
int seed = 1;
string findings = "fuzz-findings";
var seeds = new List<byte[]>(FuzzTargets.SeedsOf(target));
for (int i = 1; i < args.Length; i += 2)
{
    string value = args[i + 1];
    switch (args[i])
    {
        case "--minutes": minutes = double.Parse(value, CultureInfo.InvariantCulture); break;
        case "--iterations": (iterations, minutes) = (long.Parse(value, CultureInfo.InvariantCulture), 60 * 24); break;
        case "--seed": seed = int.Parse(value, CultureInfo.InvariantCulture); break;
        case "--corpus":
            seeds.AddRange(Directory.GetFiles(value).Order(StringComparer.Ordinal).Select(File.ReadAllBytes));
            break;
        case "--findings": findings = value; break;
        default: Console.Error.WriteLine($"{args[i]} is no option\n{Usage}"); return 2;
    }
}

var run = new FuzzRun(target, seeds, seed, new FuzzLimits());
FuzzReport report = run.Execute(iterations, TimeSpan.FromMinutes(minutes));
Console.WriteLine($"{report.Target}: {report.Iterations} iterations (seed {seed}), {report.Accepted} accepted, " +
    $"{report.Refused} refused in {report.Shapes} ways, {report.Findings.Count} findings");
foreach (FuzzFinding finding in report.Findings)
{
    Directory.CreateDirectory(findings);
    string path = Path.Combine(findings, $"{report.Target}-{finding.Kind}-{seed}-{finding.Iteration}.bin");
    File.WriteAllBytes(path, finding.Input);
    Console.WriteLine(
        $"{finding.Kind} at iteration {finding.Iteration}, {finding.Input.Length} bytes in {path}: {finding.What}");
}
return report.Findings.Count == 0 ? 0 : 1;
