using System.CommandLine;
using System.Runtime.InteropServices;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge kernels`: which arithmetic this binary brings, and what this CPU runs of it.</summary>
internal static class KernelsCommand
{
    public static Command Create()
    {
        var command = new Command("kernels", "List the kernels of this binary and which of them this CPU runs.");
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var report = Report();
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.KernelsReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Errors: UserErrorException (usage) for a set that is unknown or that this CPU cannot run.</summary>
    public static string? RequireRunnable(string? name)
    {
        try
        {
            return name is null ? null : KernelSet.Choose(name).Name;
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException($"--kernels: {e.Message}", ExitCode.Usage);
        }
    }

    private static KernelsReport Report()
    {
        var chosen = KernelSet.Choose(null);
        return new KernelsReport(
            chosen.Name,
            chosen.Why(null),
            [.. KernelSet.All.SelectMany(set => set.Families).Select(row =>
                new KernelReport(row.Family, row.Variant, row.IsRunnable, row.Needs))],
            [.. KernelSet.All.Select(set => new KernelSetReport(set.Name, set.Needs, set.IsRunnable))],
            RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            Environment.ProcessorCount);
    }

    private static void Print(KernelsReport report)
    {
        Console.Out.WriteLine($"chosen: {report.Chosen} ({report.Why})");
        Console.Out.WriteLine($"cpu: {report.Architecture}, {report.Cores} cores");
        foreach (var set in report.Sets)
            Console.Out.WriteLine($"{set.Name,-12} needs {set.Needs}: {(set.Runs ? "yes" : "no")}");
        Console.Out.WriteLine();
        foreach (var family in report.Kernels.GroupBy(row => row.Family))
            Console.Out.WriteLine($"{family.Key,-12} "
                + string.Join("  ", family.Select(row => row.Variant + Mark(row, report.Chosen))));
    }

    private static string Mark(KernelReport row, string chosen) =>
        !row.Runs ? " (no)" : row.Variant == chosen ? "*" : "";
}
