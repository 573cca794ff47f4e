using System.CommandLine;
using System.Text.Json;
using Edge.Models;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Agent.Commands;

/// <summary>`edge plan`: what a model would do within a memory budget, without loading it.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var command = new Command("plan",
            "Say what of a model would be in memory, cached and streamed within a budget, and how fast it would run.");
        var model = new Option<string>("--model", "-m")
        {
            Description = "The model: a GGUF file.", HelpName = "FILE", Required = true,
        };
        var memory = new Option<string>("--memory")
        {
            Description = "All that the model may take, such as 1500M.", HelpName = "SIZE", Required = true,
        };
        var rate = new Option<string?>("--storage-rate")
        {
            Description = "Bytes that the storage reads in a second, such as 450M; absent: measured on the file.",
            HelpName = "SIZE",
        };
        var context = new Option<int>("--context")
        {
            Description = "Tokens of prompt and reply together; 0: what fits, at most 4096.", HelpName = "N",
        };
        var slots = new Option<int>("--slots")
        {
            Description = "Requests served side by side.", HelpName = "N", DefaultValueFactory = _ => 1,
        };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        Validate.Between(context, 0, 1 << 24);
        Validate.Between(slots, 1, 64);
        foreach (Option option in (Option[])[model, memory, rate, context, slots, json]) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            string path = ModelFile.Named(parsed.GetRequiredValue(model));
            ModelFile.Require(path);
            double storage = parsed.GetValue(rate) is { } text ? Size("--storage-rate", text)
                : StorageRate.Measure(path);
            MemoryPlan plan = MemoryAdmission.Plan(path, new ModelOptions
            {
                KernelSet = TuningFile.SetFor(path),
                Memory = new MemoryBudget
                {
                    Bytes = Size("--memory", parsed.GetRequiredValue(memory)), StorageBytesPerSecond = storage,
                    MemoryBytesPerSecond = MemoryBandwidth.Best(Environment.ProcessorCount),
                    ContextLength = parsed.GetValue(context), Sequences = parsed.GetValue(slots),
                },
            });
            if (parsed.GetValue(json)) JsonLine.Print(writer => Write(writer, path, plan));
            else Print(plan);
            return plan.Refusal is null ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static long Size(string option, string text) => MemorySize.Parse(text)
        ?? throw new UserErrorException($"{option}: {MemorySize.Problem(text)}", ExitCode.Usage);

    private static void Print(MemoryPlan plan)
    {
        if (plan.Refusal is not null)
        {
            Console.Out.WriteLine(plan.Refusal);
            return;
        }
        foreach (string line in PlanText.Lines(plan)) Console.Out.WriteLine(line);
        if (plan.Kind != MemoryPlanKind.Resident) return;
        Console.Out.WriteLine("all weights fit: nothing streams");
    }

    private static void Write(Utf8JsonWriter writer, string path, MemoryPlan plan)
    {
        writer.WriteStartObject();
        writer.WriteString("model", ModelFile.NameOf(path));
        writer.WriteString("kind", plan.Kind switch
        {
            _ when plan.Refusal is not null => "refused",
            MemoryPlanKind.Resident => "resident",
            MemoryPlanKind.LayerWindow => "layer_window",
            _ => "expert_cache",
        });
        if (plan.Kind == MemoryPlanKind.LayerWindow)
            writer.WriteString("unit", plan.Grain == WindowGrain.Layers ? "layer" : "matrix");
        writer.WriteNumber("budget_bytes", plan.BudgetBytes);
        writer.WriteNumber("weight_bytes", plan.WeightBytes);
        writer.WriteNumber("pinned_bytes", plan.PinnedBytes);
        writer.WriteNumber("slots", plan.Slots);
        writer.WriteNumber("slot_bytes", plan.SlotBytes);
        writer.WriteNumber("streamed_units", plan.StreamedUnits);
        writer.WriteNumber("streamed_bytes", plan.StreamedBytes);
        writer.WriteNumber("kv_bytes", plan.KvBytes);
        writer.WriteNumber("scratch_bytes", plan.ScratchBytes);
        writer.WriteNumber("program_bytes", plan.ProgramBytes);
        writer.WriteNumber("total_bytes", plan.TotalBytes);
        writer.WriteNumber("least_bytes", plan.LeastBytes);
        writer.WriteNumber("context", plan.ContextLength);
        writer.WriteNumber("context_that_fits", plan.ContextThatFits);
        writer.WriteNumber("batch_rows", plan.BatchRows);
        writer.WriteNumber("cycle_bytes", plan.CycleBytes);
        writer.WriteNumber("read_bytes_per_token", plan.ReadBytesPerToken);
        writer.WriteNumber("weight_bytes_per_token", plan.WeightBytesPerToken);
        writer.WriteNumber("storage_bytes_per_second", Math.Round(plan.StorageBytesPerSecond));
        if (plan.TokensPerSecond is { } speed) writer.WriteNumber("tokens_per_second", Math.Round(speed, 3));
        if (plan.Policy is not null) writer.WriteString("policy", plan.Policy);
        if (plan.Warning is not null) writer.WriteString("warning", plan.Warning);
        if (plan.Refusal is not null) writer.WriteString("refusal", plan.Refusal);
        writer.WriteEndObject();
    }
}
