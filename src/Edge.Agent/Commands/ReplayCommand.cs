using System.CommandLine;
using Edge.Agent.Plot;
using Edge.Agent.Replay;
using Edge.Weights.Replay;
using Edge.Weights.Traces;

namespace Edge.Agent.Commands;

/// <summary>`edge replay`: a recorded routing through every cache policy, beside the bound.</summary>
internal static class ReplayCommand
{
    private const int BudgetsMax = 32;
    private static readonly int[] CurvePercents = [5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

    public static Command Create()
    {
        var command = new Command("replay",
            "Run a trace of --trace through cache policies: hits, bytes and modelled speed, beside Belady's.");
        var file = new Argument<string>("trace") { Description = "The trace." };
        var policy = new Option<string>("--policy")
        {
            Description = "Policies with their parameters, such as lru,mrs:alpha=0.3; all: every one.",
            HelpName = "LIST", DefaultValueFactory = _ => "all",
        };
        var budget = new Option<string>("--budget")
        {
            Description = "Memory for experts, such as 1500M or 40% of them; several with commas.",
            HelpName = "LIST", DefaultValueFactory = _ => "40%",
        };
        var mode = new Option<string>("--mode")
        {
            Description = "exact: both slices of every expert; balanced: HI alone for those with little weight.",
            HelpName = "MODE", DefaultValueFactory = _ => "exact",
        };
        var t1 = Number("--t1", "balanced: weight before an expert, beyond which HI alone is read.", 0.6, 0, 1);
        var t2 = Number("--t2", "balanced: weight beyond which a missing expert is skipped.", 0.9, 0, 1);
        var rate = Number("--storage-rate", "MB/s (10^6 bytes) that the storage reads.", 450, 1e-3, 1e6);
        var compute = Number("--compute-ms", "Arithmetic of a token when nothing is read.", 0, 0, 1e6);
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var plot = new Option<string?>("--plot") { Description = "Draw hit rates over budgets.", HelpName = "F.svg" };
        mode.AcceptOnlyFromAmong("exact", "balanced");
        command.Arguments.Add(file);
        foreach (Option option in (Option[])[policy, budget, mode, t1, t2, rate, compute, json, plot])
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var choices = PolicyArgument.Parse(parsed.GetRequiredValue(policy));
            var trace = Open(parsed.GetRequiredValue(file));
            string kind = parsed.GetRequiredValue(mode);
            var options = new ReplayOptions(0, kind == "exact", parsed.GetValue(t1), parsed.GetValue(t2));
            if (options.T2 < options.T1)
                throw new UserErrorException("--t2 is below --t1; skipping begins after HI alone", ExitCode.Usage);
            var budgets = Budgets(parsed.GetRequiredValue(budget), trace, options);
            var machine = new ReplayMachine(parsed.GetValue(rate) * 1e6, parsed.GetValue(compute));
            var table = new ReplayTable(
                trace, RoutingStatistics.Of(trace), ReplayTable.Run(trace, choices, budgets));
            if (parsed.GetValue(plot) is { } picture)
            {
                var shares = CurvePercents.Select(p =>
                    options with { BudgetBytes = Math.Max(1, trace.Shape.TotalBytes / 100 * p) });
                SvgPicture.Save(picture, table.Panels(ReplayTable.Run(trace, choices, [.. shares])));
            }
            if (parsed.GetValue(json)) JsonLine.Print(writer => table.WriteJson(writer, machine, kind));
            else table.Print(machine);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<double> Number(string name, string description, double value, double low, double high)
    {
        var option = new Option<double>(name)
        {
            Description = description, HelpName = "N", DefaultValueFactory = _ => value,
        };
        Validate.Between(option, low, high);
        return option;
    }

    private static Trace Open(string path)
    {
        if (InputFile.Problem(path, $"'edge ask --trace {path}' records one") is { } problem)
            throw new UserErrorException($"trace {problem}");
        try
        {
            return TraceReader.Read(path);
        }
        catch (TraceException e)
        {
            throw new UserErrorException($"{path}: {e.Message}");
        }
    }

    private static List<ReplayOptions> Budgets(string text, Trace trace, ReplayOptions options)
    {
        string[] parts = text.Split(',');
        if (parts.Length > BudgetsMax)
            throw new UserErrorException($"--budget: more than {BudgetsMax} of them", ExitCode.Usage);
        return
        [
            .. parts.Select(part => options with
            {
                BudgetBytes = Budget.Parse(part, trace.Shape.TotalBytes) ?? throw new UserErrorException(
                    $"--budget: '{part}' is no size; write 1500M, 2G or 40%", ExitCode.Usage),
            }),
        ];
    }
}
