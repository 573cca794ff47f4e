using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge kernels --bench`: every runnable kernel beside the rate at which this machine reads memory.</summary>
internal static class KernelsBench
{
    /// <param name="types">Of weights; none: all.</param>
    public static void Run(string[] types, int threads, bool asJson)
    {
        double memory = MemoryBandwidth.Best(threads) / 1e9;
        if (!asJson)
        {
            Console.Out.WriteLine($"{CpuModel.Name}, {threads} threads read {memory:F1} GB/s of memory");
            Console.Out.WriteLine(
                $"{"weights",-13} {"variant",-8} {"level",-6} {"tokens",6} {"GB/s",8} {"quartiles",17} " +
                $"{"weights/ns",10} {"of memory",9}");
        }
        var matrices = new List<KernelSpeed>();
        foreach (var speed in KernelTiming.Matrices(threads, (_, type) =>
            types.Length == 0 || types.Contains(type.ToString(), StringComparer.OrdinalIgnoreCase)))
        {
            matrices.Add(speed);
            if (!asJson) Print(speed, memory);
        }
        PreparationSpeed[] preparation = [.. KernelTiming.Preparations()];
        if (asJson)
        {
            JsonLine.Print(
                new KernelsBenchReport(CpuModel.Name, threads, memory, matrices, preparation),
                KernelsJson.Default.KernelsBenchReport);
            return;
        }
        Console.Out.WriteLine();
        foreach (var row in preparation)
            Console.Out.WriteLine($"{row.Family}, {row.Variant}: {row.NsPerActivation.Median:F3} ns per activation " +
                $"({row.NsPerActivation.Low:F3} to {row.NsPerActivation.High:F3}), one thread");
    }

    private static void Print(KernelSpeed speed, double memory)
    {
        var rate = speed.WeightsGbPerSecond;
        // Beside what comes from a cache, the memory's rate says nothing.
        string share = speed.Level == "memory" ? $"{100 * rate.Median / memory,7:F0} %" : "";
        Console.Out.WriteLine(
            $"{speed.Type,-13} {speed.Variant,-8} {speed.Level,-6} {speed.Tokens,6} {rate.Median,8:F2} " +
            $"{rate.Low,8:F2} {rate.High,8:F2} {speed.WeightsPerNs,10:F2} {share}");
    }
}
