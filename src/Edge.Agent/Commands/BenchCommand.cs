using System.CommandLine;
using System.Diagnostics;
using Edge.Agent.Plot;
using Edge.Engine;
using Edge.Models;
using Edge.Models.Streaming;

namespace Edge.Agent.Commands;

/// <summary>`edge bench`: tokens per second of one model on this machine, beside the memory bandwidth that bounds
/// them.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command("bench", "Measure prefill and decode speed; medians of the repeats.");
        var model = new ModelArguments(command);
        var trace = new TraceArgument(command);
        var draft = new DraftArguments(command);
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
        var data = new Option<string?>("--draft-data")
        {
            Description = "Prompts for --draft: JSON lines, as for 'edge eval'; absent: a list to repeat.",
            HelpName = "FILE",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var plot = new Option<string?>("--plot")
        {
            Description = "Draw speed, waiting and reading over time.", HelpName = "F.svg",
        };
        Validate.Between(prompt, 1, 1 << 20);
        Validate.Between(gen, 1, 1 << 20);
        Validate.Between(repeat, 1, 1000);
        foreach (Option option in (Option[])[prompt, gen, repeat, data, json, plot]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            long started = Stopwatch.GetTimestamp();
            int promptTokens = parsed.GetValue(prompt), genTokens = parsed.GetValue(gen);
            string? picture = parsed.GetValue(plot);
            // Found out before the minutes of measuring, not after them.
            if (picture is not null) File.Open(picture, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
            bool drafting = draft.Name(parsed) != DraftSetup.Off;
            int drafted = drafting ? DraftBench.Context(model.Path(parsed), parsed.GetValue(data), genTokens) : 0;
            int context = Math.Max(promptTokens + genTokens, drafted);
            using var loaded = model.Load(
                parsed, context, draft.Name(parsed), sequences: drafting ? DraftBench.Sequences : 1);
            double loadMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            int limit = loaded.Model.Config.ContextLength;
            if (promptTokens + genTokens > limit)
                throw new UserErrorException(
                    $"--prompt-tokens {promptTokens} and --gen-tokens {genTokens} do not fit the model's context " +
                    $"of {limit}",
                    ExitCode.Usage);
            using var recording = trace.Start(parsed, loaded);
            using var drafts = draft.Open(parsed, model.Options(parsed));
            int runs = parsed.GetValue(repeat);
            var samples = picture is null ? null
                : new List<StepSample>((int)Math.Min(SpeedPlot.SamplesMax, (long)runs * (promptTokens + genTokens)));
            var report = Measure(loaded, promptTokens, genTokens, runs, loadMs, samples);
            if (samples is not null) SvgPicture.Save(picture!, SpeedPlot.Panels(report.Model, samples));
            if (drafts.Options is not null)
                report = report with
                {
                    Drafts = DraftBench.Measure(loaded, drafts, draft.Name(parsed), parsed.GetValue(data), genTokens,
                        Math.Min(context, limit)),
                };
            if (parsed.GetValue(json)) JsonLine.Print(report, AgentJson.Default.BenchReport);
            else Print(report);
            return ExitCode.Ok;
        });
        return command;
    }

    private static BenchReport Measure(
        LoadedModel loaded, int promptTokens, int genTokens, int repeat, double loadMs, List<StepSample>? samples)
    {
        Action<StepSample>? keep = samples is null ? null
            : sample =>
            {
                if (samples.Count < SpeedPlot.SamplesMax) samples.Add(sample);
            };
        var model = loaded.Model;
        double[] prefill = new double[repeat], decode = new double[repeat];
        SpeedTest.Run(model, promptTokens, genTokens); // Warm-up: pages, caches and clocks.
        var streamedBefore = model.Stream;
        long allocated = 0, decodeRead = 0;
        using (var progress = new ProgressLine("repeats"))
        {
            for (int i = 0; i < repeat; i++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                var sample = SpeedTest.Run(model, promptTokens, genTokens, onStep: keep);
                allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
                decodeRead += sample.DecodeReadBytes;
                (prefill[i], decode[i]) = (sample.PrefillTokensPerSecond, sample.DecodeTokensPerSecond);
                progress.Report(i + 1, repeat);
            }
        }
        StreamReport? streaming = model.Stream is { } after
            ? Streamed(model.Plan!, streamedBefore!.Value, after, (double)decodeRead / repeat / genTokens) : null;
        // What a run with one token allocates is its set-up; the rest belongs to the other tokens.
        long atSetUp = GC.GetTotalAllocatedBytes(precise: true);
        SpeedTest.Run(model, promptTokens, 1);
        allocated -= GC.GetTotalAllocatedBytes(precise: true) - atSetUp;
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
            // Its buffers would break the budget.
            MemoryBytesPerSecond = model.Plan is null ? MemoryBandwidth.Best(model.Threads) : 0,
            AllocBytesPerToken = (double)allocated / Math.Max(1, genTokens - 1),
            LoadMs = loadMs,
            PeakRssBytes = peak,
            Streaming = streaming,
        };
    }

    private static StreamReport Streamed(
        MemoryPlan plan, StreamStatistics from, StreamStatistics to, double decodedBytes)
    {
        var (a, b) = (from.Residency, to.Residency);
        long hits = b.Hits - a.Hits, misses = b.Misses - a.Misses, bytes = b.BytesRead - a.BytesRead;
        long foreseen = to.ForeseenRight - from.ForeseenRight, choices = to.ForeseenChoices - from.ForeseenChoices;
        double readMs = (b.ReadMicros - a.ReadMicros) / 1e3;
        return new StreamReport(
            to.Storage, plan.BudgetBytes, b.Slots, b.SlotBytes, to.Passes - from.Passes, hits, misses,
            (double)hits / Math.Max(1, hits + misses), to.Degraded - from.Degraded, to.Late - from.Late,
            to.Dropped - from.Dropped, (double)foreseen / Math.Max(1, choices), bytes, decodedBytes,
            readMs > 0 ? bytes * 1e3 / readMs : 0, (b.StallMicros - a.StallMicros) / 1e3, readMs,
            b.Retries - a.Retries, b.Failures - a.Failures);
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
        if (r.Streaming is { } s)
            Console.Out.WriteLine(
                $"storage {s.ReadBytesPerSecond / 1e9,10:F2} GB/s ({s.Storage}), {s.BytesPerDecodedToken:F0} bytes a " +
                $"decoded token, {100 * s.HitRate:F1} % there in time, waited {s.StallMs:F0} ms of {s.ReadMs:F0} ms " +
                "of reading");
        else
            Console.Out.WriteLine(
                $"weights {r.DecodeBytesPerSecond / 1e9,10:F2} GB/s of {r.MemoryBytesPerSecond / 1e9:F2} GB/s " +
                "memory bandwidth " +
                $"({100 * r.DecodeBytesPerSecond / r.MemoryBytesPerSecond:F0} %), " +
                $"{r.WeightBytesPerToken} bytes a token");
        Console.Out.WriteLine(
            $"memory  {r.PeakRssBytes / 1048576.0,10:F1} MiB peak, " +
            $"{r.AllocBytesPerToken:F1} bytes allocated per decoded token");
        if (r.Drafts is { } drafts) DraftBench.Print(drafts);
    }
}
