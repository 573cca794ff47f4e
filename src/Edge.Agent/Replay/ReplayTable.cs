using System.Text.Json;
using Edge.Agent.Plot;
using Edge.Weights.Policies;
using Edge.Weights.Replay;
using Edge.Weights.Traces;

namespace Edge.Agent.Replay;

/// <summary>A policy at a budget. <paramref name="Best"/>: Belady's counts at the same budget.</summary>
internal sealed record ReplayRow(PolicyChoice Policy, long BudgetBytes, ReplayResult Result, ReplayCounts Best);

/// <summary>What the modelled speed assumes.</summary>
internal sealed record ReplayMachine(double StorageBytesPerSecond, double ComputeMs);

/// <summary>Replays policies over budgets, and shows the result to people, programs and as a picture.</summary>
internal sealed class ReplayTable(Trace trace, RoutingStatistics routing, IReadOnlyList<ReplayRow> rows)
{
    /// <summary>Rows in the order of the budgets, then of the choices, of which the last are Belady's.</summary>
    public static IReadOnlyList<ReplayRow> Run(
        Trace trace, IReadOnlyList<PolicyChoice> choices, IReadOnlyList<ReplayOptions> budgets)
    {
        var rows = new List<ReplayRow>();
        using var progress = new ProgressLine("replays");
        foreach (var options in budgets)
        {
            var bound = choices.First(choice => choice.Row.NeedsFuture);
            var best = Replayer.Run(trace, bound.Row, bound.Values, options);
            foreach (var choice in choices)
            {
                var result = choice == bound ? best : Replayer.Run(trace, choice.Row, choice.Values, options);
                rows.Add(new ReplayRow(choice, options.BudgetBytes, result, best.Judged));
                progress.Report(rows.Count, choices.Count * budgets.Count);
            }
        }
        return rows;
    }

    public void Print(ReplayMachine machine)
    {
        var to = Console.Out;
        var shape = trace.Shape;
        to.WriteLine($"{trace.Model}: {trace.Rows} tokens, {trace.Layers.Length} layers, {shape.Experts} experts, "
            + $"{shape.Used} used; experts {Mib(shape.TotalBytes)}, one token's cycle {Mib(shape.CycleBytes)}");
        to.WriteLine($"entropy of the experts' use {routing.LayerEntropyBits.Min():F2} to "
            + $"{routing.LayerEntropyBits.Max():F2} bits of {Math.Log2(shape.Experts):F2}; "
            + $"{100 * routing.RepeatShare:F1} % chosen by the token before too");
        to.WriteLine($"reuse distance, in different experts: half within {routing.ReuseDistanceP50}, 9 of 10 "
            + $"within {routing.ReuseDistanceP90}, of {shape.Units}; first uses {100 * routing.ColdShare:F1} %");
        to.WriteLine($"storage {machine.StorageBytesPerSecond / 1e6:F0} MB/s, "
            + $"arithmetic {machine.ComputeMs:F1} ms a token");
        int width = Math.Max(8, rows.Max(row => row.Policy.Label.Length));
        foreach (var budget in rows.GroupBy(row => row.BudgetBytes))
        {
            to.WriteLine();
            to.WriteLine($"budget {Mib(budget.Key)} ({100.0 * budget.Key / shape.TotalBytes:F0} % of the experts)"
                + (budget.Key < shape.CycleBytes
                    ? $": below one token's cycle, '{PolicyTable.BelowCycle}' is meant for this" : ""));
            to.WriteLine("policy".PadRight(width) +
                "     hits MB a token of Belady's  tokens/s  one by one   HI alone");
            foreach (var row in budget) to.WriteLine(Line(row, machine, width));
        }
    }

    public void WriteJson(Utf8JsonWriter writer, ReplayMachine machine, string mode)
    {
        writer.WriteStartObject();
        writer.WriteString("model", trace.Model);
        writer.WriteString("mode", mode);
        writer.WriteNumber("tokens", trace.Rows);
        writer.WriteNumber("layers", trace.Layers.Length);
        writer.WriteNumber("experts", trace.Shape.Experts);
        writer.WriteNumber("used", trace.Shape.Used);
        writer.WriteNumber("expert_bytes", trace.Shape.TotalBytes);
        writer.WriteNumber("cycle_bytes", trace.Shape.CycleBytes);
        writer.WriteNumber("storage_bytes_per_second", machine.StorageBytesPerSecond);
        writer.WriteNumber("compute_ms", machine.ComputeMs);
        RoutingReport.Write(writer, routing);
        writer.WriteStartArray("rows");
        foreach (var row in rows) WriteJson(writer, row, machine);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Hit rate and bytes a token over the budget, a line per policy.</summary>
    public IReadOnlyList<Panel> Panels(IReadOnlyList<ReplayRow> curve)
    {
        Series[] Lines(Func<ReplayCounts, double> value) =>
        [
            .. curve.GroupBy(row => row.Policy).Select(policy => new Series(policy.Key.Label,
                [.. policy.Select(row =>
                    new Point(100.0 * row.BudgetBytes / trace.Shape.TotalBytes, value(row.Result.Judged)))],
                policy.Key.Row.NeedsFuture)),
        ];
        return
        [
            new Panel($"{trace.Model}: slices found in the cache", "budget, % of all experts", "hit rate, %",
                Lines(counts => 100 * counts.HitRate), 100),
            new Panel("Read from storage", "budget, % of all experts", "bytes a token",
                Lines(counts => counts.BytesPerToken)),
        ];
    }

    private static string Line(ReplayRow row, ReplayMachine machine, int width)
    {
        var counts = row.Result.Judged;
        var (overlapped, serial) = counts.TokensPerSecond(machine.StorageBytesPerSecond, machine.ComputeMs);
        double most = row.Best.BytesPerToken;
        return $"{row.Policy.Label.PadRight(width)} {100 * counts.HitRate,6:F1} % "
            + $"{counts.BytesPerToken / 1e6,10:F2} "
            + $"{(most > 0 ? counts.BytesPerToken / most : 1),11:F2}  {Rate(overlapped),8}  {Rate(serial),10} "
            + $"{100.0 * counts.Degraded / Math.Max(1, counts.Choices),8:F1} %";
    }

    private static void WriteJson(Utf8JsonWriter writer, ReplayRow row, ReplayMachine machine)
    {
        var counts = row.Result.Judged;
        var (overlapped, serial) = counts.TokensPerSecond(machine.StorageBytesPerSecond, machine.ComputeMs);
        writer.WriteStartObject();
        writer.WriteString("policy", row.Policy.Label);
        writer.WriteNumber("budget_bytes", row.BudgetBytes);
        writer.WriteNumber("tokens", counts.Tokens);
        writer.WriteNumber("wanted", counts.Wanted);
        writer.WriteNumber("hits", counts.Hits);
        writer.WriteNumber("hit_rate", counts.HitRate);
        writer.WriteNumber("bytes_per_token", counts.BytesPerToken);
        writer.WriteNumber("belady_bytes_per_token", row.Best.BytesPerToken);
        writer.WriteNumber("degraded", counts.Degraded);
        writer.WriteNumber("skipped", counts.Skipped);
        writer.WriteNumber("evictions", counts.Evictions);
        WriteRate(writer, "tokens_per_second", overlapped);
        WriteRate(writer, "tokens_per_second_serial", serial);
        writer.WriteNumber("prefill_bytes_per_token", row.Result.Prefill.BytesPerToken);
        writer.WriteEndObject();
    }

    /// <summary>Nothing read and no arithmetic asked for is no speed.</summary>
    private static string Rate(double? perSecond) => perSecond is { } rate ? $"{rate:F2}" : "-";

    private static void WriteRate(Utf8JsonWriter writer, string name, double? rate)
    {
        if (rate is { } value) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }

    private static string Mib(long bytes) => $"{bytes / 1048576.0:F1} MiB";
}
