using System.CommandLine;
using System.Diagnostics;
using Edge.Engine;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>`edge bench`: tokens per second of one model on this machine, beside the memory bandwidth that bounds
/// them.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command("bench", "Measure prefill and decode speed; medians of the repeats.");
        var model = new ModelArguments(command);
        var prompt = new Option<int>("--prompt-tokens")
        {
            Description = "Tokens of the prompt.", HelpName = "N", DefaultValueFactory = _ => 128,
        };
        var gen = new Option<int>("--gen-tokens")
        {
            Description = "Tokens to generate.", HelpName = "N", DefaultValueFactory = _ => 64,
        };
        var repeat = new Option<int>("--repeat", "-r")
        {
            Description = "Measured repeats, after one that warms up.", HelpName = "R", DefaultValueFactory = _ => 5,
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(prompt, 1, 1 << 20);
        Validate.Between(gen, 1, 1 << 20);
        Validate.Between(repeat, 1, 1000);
        foreach (Option option in (Option[])[prompt, gen, repeat, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            long started = Stopwatch.GetTimestamp();
            using var loaded = model.Load(parsed);
            double loadMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            int promptTokens = parsed.GetValue(prompt), genTokens = parsed.GetValue(gen);
            int limit = loaded.Model.Config.ContextLength;
            if (promptTokens + genTokens > limit)
                throw new UserErrorException(
                    $"--prompt-tokens {promptTokens} and --gen-tokens {genTokens} do not fit the model's context " +
                    $"of {limit}",
                    ExitCode.Usage);
            var report = Measure(loaded, promptTokens, genTokens, parsed.GetValue(repeat), loadMs);
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.BenchReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static BenchReport Measure(LoadedModel loaded, int promptTokens, int genTokens, int repeat, double loadMs)
    {
        var model = loaded.Model;
        double[] prefill = new double[repeat], decode = new double[repeat];
        SpeedTest.Run(model, promptTokens, genTokens); // Warm-up: pages, caches and clocks.
        long allocated = 0;
        using (var progress = new ProgressLine("repeats"))
        {
            for (int i = 0; i < repeat; i++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                var sample = SpeedTest.Run(model, promptTokens, genTokens);
                allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
                (prefill[i], decode[i]) = (sample.PrefillTokensPerSecond, sample.DecodeTokensPerSecond);
                progress.Report(i + 1, repeat);
            }
        }
        if (genTokens > 1)
        {
            // What a run with one token allocates is its set-up; the rest belongs to the other tokens.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            SpeedTest.Run(model, promptTokens, 1);
            allocated -= GC.GetTotalAllocatedBytes(precise: true) - before;
        }
        long peak = ProcessStatus.PeakRssBytes ?? 0; // Before the bandwidth buffer.
        Array.Sort(prefill);
        Array.Sort(decode);
        return new BenchReport
        {
            Model = ModelFile.NameOf(loaded.Path),
            Architecture = model.Config.Architecture,
            KernelSet = model.KernelSetName,
            Threads = model.Threads,
            PromptTokens = promptTokens,
            GenTokens = genTokens,
            Repeat = repeat,
            PrefillTps = Median(prefill),
            PrefillTpsMin = prefill[0],
            PrefillTpsMax = prefill[^1],
            DecodeTps = Median(decode),
            DecodeTpsMin = decode[0],
            DecodeTpsMax = decode[^1],
            WeightBytesPerToken = model.WeightBytesPerToken,
            DecodeBytesPerSecond = Median(decode) * model.WeightBytesPerToken,
            MemoryBytesPerSecond = MemoryBandwidth.Best(model.Threads),
            AllocBytesPerToken = (double)allocated / Math.Max(1, genTokens - 1),
            LoadMs = loadMs,
            PeakRssBytes = peak,
        };
    }

    private static double Median(double[] sorted) =>
        (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static void Print(BenchReport r)
    {
        Console.Out.WriteLine(
            $"{r.Model} ({r.Architecture}), kernels {r.KernelSet}, {r.Threads} threads, {r.Repeat} repeats");
        Console.Out.WriteLine(
            $"prefill {r.PrefillTps,10:F1} tokens/s  " +
            $"({r.PrefillTpsMin:F1} to {r.PrefillTpsMax:F1}, {r.PromptTokens} tokens)");
        Console.Out.WriteLine(
            $"decode  {r.DecodeTps,10:F1} tokens/s  " +
            $"({r.DecodeTpsMin:F1} to {r.DecodeTpsMax:F1}, {r.GenTokens} tokens)");
        Console.Out.WriteLine(
            $"weights {r.DecodeBytesPerSecond / 1e9,10:F2} GB/s of {r.MemoryBytesPerSecond / 1e9:F2} GB/s " +
            "memory bandwidth " +
            $"({100 * r.DecodeBytesPerSecond / r.MemoryBytesPerSecond:F0} %), {r.WeightBytesPerToken} bytes a token");
        Console.Out.WriteLine(
            $"memory  {r.PeakRssBytes / 1048576.0,10:F1} MiB peak, " +
            $"{r.AllocBytesPerToken:F1} bytes allocated per decoded token");
    }
}
