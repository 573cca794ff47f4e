using System.CommandLine;
using System.Runtime.InteropServices;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge kernels`: which arithmetic this binary brings, and what this CPU runs of it; measures it on
/// request.</summary>
internal static class KernelsCommand
{
    public static Command Create()
    {
        var command = new Command("kernels", "List the kernels of this binary and which of them this CPU runs.");
        var bench = new Option<bool>("--bench") { Description = "Measure every kernel that multiplies matrices." };
        var types = new Option<string[]>("--type")
        {
            Description = "Measure weights of this type only, such as Q4_K; may be repeated.", HelpName = "TYPE",
        };
        var tune = new Option<bool>("--tune")
        {
            Description = "Measure the kernel sets at the shapes of --model and remember the fastest for this CPU.",
        };
        var model = new Option<string?>("--model", "-m")
        {
            Description = "The model to tune for: a GGUF file.", HelpName = "FILE",
        };
        var threads = new Option<int>("--threads", "-t")
        {
            Description = "Threads that measure; 0: one per core.", HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(threads, 0, KernelTiming.ThreadsMax);
        command.Validators.Add(result =>
        {
            if (result.GetValue(tune) && result.GetValue(bench))
                result.AddError("--bench and --tune exclude each other");
            if (result.GetValue(types) is { Length: > 0 } && !result.GetValue(bench))
                result.AddError("--type is for --bench");
            if (result.GetValue(tune) != result.GetValue(model) is not null)
                result.AddError("--tune and --model belong together: --tune --model FILE");
        });
        types.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!Types().Contains(token.Value, StringComparer.OrdinalIgnoreCase))
                    result.AddError($"--type {token.Value} is none of {string.Join(", ", Types())}");
        });
        foreach (Option option in (Option[])[bench, types, tune, model, threads, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            bool asJson = parsed.GetValue(json);
            int count = parsed.GetValue(threads) is > 0 and int n ? n : Environment.ProcessorCount;
            if (parsed.GetValue(bench)) KernelsBench.Run(parsed.GetValue(types) ?? [], count, asJson);
            else if (parsed.GetValue(tune)) KernelsTune.Run(parsed.GetValue(model)!, count, asJson);
            else List(asJson);
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
            throw new UserErrorException($"--kernels: {Sentence.Of(e)}", ExitCode.Usage);
        }
    }

    private static string[] Types() => Array.ConvertAll([.. KernelTiming.Types], type => type.ToString());

    private static void List(bool asJson)
    {
        var report = Report();
        if (asJson) JsonLine.Print(report, KernelsJson.Default.KernelsReport);
        else Print(report);
    }

    private static KernelsReport Report()
    {
        var chosen = KernelSet.Choose(null);
        var rows = from family in KernelRow.FamilyNames
                   from set in KernelSet.All
                   from row in set.Families
                   where row.Family == family
                   select new KernelReport(
                       row.Family, row.Variant, row.IsRunnable, set == chosen, row.Needs, row.File, Why(set, chosen));
        return new KernelsReport(
            chosen.Name,
            chosen.Why(null),
            [.. rows],
            [.. KernelSet.All.Select(set => new KernelSetReport(set.Name, set.Needs, set.IsRunnable))],
            [.. TuningFile.Own?.Read().Where(entry => entry.Cpu == CpuModel.Name) ?? []],
            RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            CpuModel.Name,
            Environment.ProcessorCount);
    }

    private static string Why(KernelSet set, KernelSet chosen) =>
        !set.IsRunnable ? $"needs {set.Needs}"
        : set == chosen ? chosen.Why(null)
        : $"{chosen.Name} comes first; --kernels {set.Name} forces it";

    private static void Print(KernelsReport report)
    {
        Console.Out.WriteLine($"chosen: {report.Chosen} ({report.Why})");
        Console.Out.WriteLine($"cpu: {report.Cpu}, {report.Architecture}, {report.Cores} cores");
        foreach (var entry in report.Tuned)
            Console.Out.WriteLine($"tuned: {entry.Kernels} for models that are mostly {entry.Weights}");
        Console.Out.WriteLine();
        Console.Out.WriteLine($"{"family",-12} {"variant",-8} {"runs",-4} {"file",-38} why");
        foreach (var row in report.Kernels)
            Console.Out.WriteLine(
                $"{row.Family,-12} {row.Variant + (row.Chosen ? "*" : ""),-8} {(row.Runs ? "yes" : "no"),-4} " +
                $"{row.File,-38} {row.Why}");
    }
}
