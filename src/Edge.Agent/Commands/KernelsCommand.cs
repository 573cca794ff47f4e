using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
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
            CpuFeatures(),
            RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            Environment.ProcessorCount);
    }

    /// <summary>As the compiled code sees them: what the compiler was not told to allow is false here, whatever the CPU
    /// has.</summary>
    private static Dictionary<string, bool> CpuFeatures() =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? new()
            {
                ["neon"] = AdvSimd.Arm64.IsSupported, ["dotprod"] = Dp.Arm64.IsSupported,
                ["crc32"] = Crc32.Arm64.IsSupported,
            }
            : new()
            {
                ["sse4.2"] = Sse42.IsSupported, ["avx"] = Avx.IsSupported, ["avx2"] = Avx2.IsSupported,
                ["fma"] = Fma.IsSupported,
            };

    private static void Print(KernelsReport report)
    {
        Console.Out.WriteLine($"chosen: {report.Chosen} ({report.Why})");
        Console.Out.WriteLine($"cpu: {report.Architecture}, {report.Cores} cores, "
            + string.Join(", ", report.CpuFeatures.Select(f => $"{f.Key} {(f.Value ? "yes" : "no")}")));
        foreach (var family in report.Kernels.GroupBy(row => row.Family))
            Console.Out.WriteLine($"{family.Key,-12} "
                + string.Join("  ", family.Select(row => row.Variant + Mark(row, report.Chosen))));
    }

    private static string Mark(KernelReport row, string chosen) =>
        !row.Runs ? " (no)" : row.Variant == chosen ? "*" : "";
}
