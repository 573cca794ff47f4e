using System.CommandLine;
using Edge.Agent.Doctor;
using Edge.Devices;

namespace Edge.Agent.Commands;

/// <summary>`edge doctor`: what this machine is, which models it can run and how fast, and what holds it
/// back.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Examine this machine: board, memory, storage, heat, models, broker.");
        var model = new Option<string?>("--model", "-m")
        {
            Description = "A GGUF file to judge and time; absent: usual sizes, by arithmetic.", HelpName = "FILE",
        };
        var broker = new BrokerArguments(command);
        var threads = new Option<int>("--threads", "-t")
        {
            Description = "Threads that read memory; 0: one per core.", HelpName = "N",
        };
        var tree = new Option<string?>("--tree")
        {
            Description = "Look at a recorded tree (sys, proc, dev below it) instead of this machine's.",
            HelpName = "DIR",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(threads, 0, 256);
        foreach (Option option in (Option[])[model, threads, tree, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var connection = broker.Read(parsed);
            string? file = parsed.GetValue(model) is { } named ? ModelFile.Named(named) : null;
            if (file is not null) ModelFile.Require(file);
            var roots = parsed.GetValue(tree) is { } folder
                ? new SensorRoots(
                    Path.Combine(folder, "sys"), Path.Combine(folder, "dev"), Path.Combine(folder, "proc"))
                : new SensorRoots();
            int asked = parsed.GetValue(threads);
            var report = new Examination(roots, asked > 0 ? asked : Environment.ProcessorCount)
                .Run(file, connection);
            if (parsed.GetValue(json)) JsonLine.Print(report, DoctorJson.Default.DoctorReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(DoctorReport r)
    {
        var o = Console.Out;
        o.WriteLine($"board    {r.Board.Title}{(r.Board.Model is null ? "" : $" ({r.Board.Model})")}, profile " +
            r.Board.Profile);
        o.WriteLine($"cpu      {r.Board.Cpu}, {r.Board.Cores} cores, kernels {r.Board.KernelSet}");
        o.WriteLine($"memory   {Mib(r.Memory.AvailableBytes)} MiB available of {Mib(r.Memory.TotalBytes)}, " +
            $"swap {Mib(r.Memory.SwapBytes)} MiB, cgroup " +
            (r.Memory.CgroupLimitBytes is { } limit ? $"limit {limit >> 20} MiB"
                : r.Memory.CgroupController ? "without limit" : "memory controller off"));
        o.WriteLine($"         read at {r.Memory.BytesPerSecond / 1e9:F2} GB/s by {r.Board.Threads} threads" +
            (r.Memory.UsualBytesPerSecond is { } usual ? $"; boards like this reach {usual / 1e9:F1}" : ""));
        o.WriteLine($"storage  " + (r.Storage.BytesPerSecond is { } rate
            ? $"{rate / 1e6:F0} MB/s, direct reads of {r.Storage.Path}" : $"not measured: {r.Storage.Problem}") +
            (r.Storage.Usual.Count > 0 ? $" (usual: {string.Join(", ", r.Storage.Usual)})" : ""));
        foreach (var c in r.Thermal.Clocks)
            o.WriteLine($"clock    CPUs {c.Cpus}: {c.Mhz:F0} MHz under load of {c.MaxMhz:F0}, governor {c.Governor}");
        o.WriteLine($"heat     {Celsius(r.Thermal.BeforeC)} before, {Celsius(r.Thermal.AfterC)} after; " +
            $"the node eases off from {r.Thermal.SoftLimitC - 5:F0} °C" + (r.Thermal.Throttled switch
            {
                null => "",
                true => $"; throttled now: {r.Thermal.ThrottledNow}",
                false => r.Thermal.ThrottledSinceBoot is { Length: > 0 } since
                    ? $"; throttled since boot: {since}" : "; not throttled",
            }));
        o.WriteLine($"broker   {r.Broker.Address} {(r.Broker.Reachable ? "answers" : "cannot be used")}");
        o.WriteLine($"sensors  {(r.Sensors.Count == 0 ? "none" : string.Join(", ", r.Sensors))}");
        o.WriteLine();
        o.WriteLine($"{"model",-32} {"weights",10} {"needs",10} {"fits",5} {"at best",14} {"measured",14}");
        foreach (var m in r.Models)
            o.WriteLine($"{m.Name,-32} {m.WeightBytes >> 20,6} MiB {m.NeedsBytes >> 20,6} MiB " +
                $"{(m.Fits ? "yes" : "no"),5} {m.RooflineTokensPerSecond,6:F1} tokens/s " +
                (m.MeasuredTokensPerSecond is { } speed ? $"{speed,6:F1} tokens/s" : $"{"-",14}"));
        foreach (string advice in r.Advice) o.WriteLine($"note: {advice}");
    }

    private static string Mib(long? bytes) => bytes is { } b ? $"{b >> 20}" : "unknown";

    private static string Celsius(double? value) => value is { } c ? $"{c:F1} °C" : "unknown";
}
