using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge kernels --tune`: the kernel sets at a model's own shapes; the fastest is remembered for this
/// CPU.</summary>
internal static class KernelsTune
{
    public static void Run(string model, int threads, bool asJson)
    {
        model = ModelFile.Named(model);
        ModelFile.Require(model);
        string weights = TuningFile.WeightType(ModelFile.OpenHeader(model));
        IReadOnlyList<SetSpeed> sets;
        using (var progress = new ProgressLine("measuring"))
            sets = ModelFile.Explain(model, () => KernelTiming.OfModel(model, threads, progress.Report));
        var preferred = KernelTiming.Preferred(sets);
        var entry = new TuningEntry(
            CpuModel.Name, weights, preferred.Variant, preferred.DecodeNsPerToken.Median,
            preferred.PrefillNsPerToken.Median, threads, ModelFile.NameOf(model), DateTimeOffset.UtcNow);
        var file = TuningFile.Own
            ?? throw new UserErrorException(
                "no place to remember the result: set HOME, XDG_STATE_HOME or STATE_DIRECTORY");
        file.Remember(entry);
        if (asJson)
        {
            JsonLine.Print(
                new KernelsTuneReport(CpuModel.Name, weights, preferred.Variant, threads, sets, file.Path),
                KernelsJson.Default.KernelsTuneReport);
            return;
        }
        Console.Out.WriteLine($"{ModelFile.NameOf(model)} on {CpuModel.Name}, {threads} threads: µs per token");
        Console.Out.WriteLine($"{"variant",-8} {"decode",10} {"prefill",10}");
        foreach (var set in sets)
            Console.Out.WriteLine($"{set.Variant,-8} {set.DecodeNsPerToken.Median / 1000,10:F1} " +
                $"{set.PrefillNsPerToken.Median / 1000,10:F1}");
        Console.Out.WriteLine(
            $"models that are mostly {weights} will use {preferred.Variant}; {file.Path} remembers it");
    }
}
