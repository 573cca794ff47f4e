using Edge.Models;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Agent;

/// <summary>Whether a model may be loaded, asked before it is: within its budget, or, without one, within what the
/// machine has left.</summary>
internal static class MemoryAdmission
{
    /// <summary>Stays free for everything else when no budget is given.</summary>
    public const long SpareBytes = 256L << 20;
    /// <summary>A shorter context is no remedy.</summary>
    private const int ContextWorthwhile = 256;
    private const long SwapWarnBytes = 64L << 20;

    /// <summary>The options with what the plan needs to know; <paramref name="say"/> hears the plan and warnings.
    /// <paramref name="context"/>: tokens of a cache; 0: the model's own, or what a budget allows.
    /// <paramref name="draft"/>: the draft model beside it, or what else drafts. Errors: UserErrorException that says
    /// what would fit.</summary>
    public static ModelOptions Admit(string path, ModelOptions options, int context, int sequences,
        Action<string> say, string draft = DraftSetup.Off)
    {
        if (options.Memory is not { } memory)
        {
            return ProcessStatus.MemoryAvailableBytes is { } available
                && Refusal(path, options, context, sequences, available) is { } refusal
                ? throw new UserErrorException(refusal) : options;
        }
        long beside = DraftBytes(draft, options, context, sequences);
        if (beside > 0) say($"the draft model takes {MemorySize.Text(beside)} of {MemorySize.Text(memory.Bytes)}");
        if (beside >= memory.Bytes)
            throw new UserErrorException($"{draft}: as a draft model it takes {MemorySize.Text(beside)}, all that " +
                $"--memory or inference.memory gives; give more, take a smaller one, or '{DraftSetup.Lookup}'");
        memory = memory with { Bytes = memory.Bytes - beside, ContextLength = context, Sequences = sequences };
        options = options with { Memory = memory };
        MemoryPlan plan = Plan(path, options);
        if (plan.Refusal is null && plan.Kind != MemoryPlanKind.Resident && memory.StorageBytesPerSecond == 0)
        {
            options = options with { Memory = memory with { StorageBytesPerSecond = StorageRate.Measure(path) } };
            plan = Plan(path, options);
        }
        if (plan.Refusal is not null) throw new UserErrorException($"{path}: {plan.Refusal}");
        foreach (string line in PlanText.Lines(plan)) say(line);
        if (ProcessStatus.SwapUsedBytes is > SwapWarnBytes and var swap)
            say($"warn: {MemorySize.Text(swap)} of swap are in use; weights that are swapped out are read twice, " +
                "turn swap off or give less memory");
        return options;
    }

    public static MemoryPlan Plan(string path, ModelOptions options)
    {
        ModelFile.Require(path);
        return ModelFile.Explain(path, () => MemoryPlanner.Plan(path, options));
    }

    /// <summary>What a draft model takes, all of it resident: weights, caches, scratch.</summary>
    private static long DraftBytes(string draft, ModelOptions options, int context, int sequences)
    {
        if (draft is DraftSetup.Off or DraftSetup.Lookup || DraftSetup.Problem(draft) is not null) return 0;
        var all = new MemoryBudget
        {
            Bytes = 1L << 50, ProgramBytes = 0, ContextLength = context, Sequences = sequences,
        };
        return Plan(draft, options with { Memory = all }).TotalBytes;
    }

    /// <summary>Why the whole model does not fit what is <paramref name="available"/>, and what would; null when it
    /// does.</summary>
    internal static string? Refusal(string path, ModelOptions options, int context, int sequences, long available)
    {
        MemoryPlan plan = Plan(path, options with
        {
            Memory = new MemoryBudget
            {
                Bytes = Math.Max(1, available - SpareBytes), ProgramBytes = 0,
                ContextLength = context > 0 ? context : int.MaxValue, Sequences = sequences,
            },
        });
        if (plan.Kind == MemoryPlanKind.Resident && plan.Refusal is null) return null;
        string needs = $"{path} needs {MemorySize.Text(plan.WeightBytes)} for weights and " +
            $"{MemorySize.Text(plan.KvBytes)} for a context of {plan.ContextLength}" +
            (sequences > 1 ? $" in each of {sequences} slots" : "") +
            $", and {MemorySize.Text(SpareBytes)} stay free; {MemorySize.Text(available)} are available";
        long left = available - SpareBytes - plan.WeightBytes - plan.ScratchBytes;
        long fits = left <= 0 ? 0 : left / Math.Max(1, plan.KvBytes / plan.ContextLength);
        if (fits >= ContextWorthwhile) return $"{needs}. A context of {fits} fits: --context {fits}";
        // With the figure as it is printed, and the program within it, as --memory has it.
        string size = MemorySize.Text(Math.Max(1, available - SpareBytes));
        MemoryPlan streamed = Plan(path, options with
        {
            Memory = new MemoryBudget
            {
                Bytes = MemorySize.Parse(size)!.Value, ContextLength = context, Sequences = sequences,
            },
        });
        return streamed.Refusal is null ? $"{needs}. With --memory {size} it streams from storage"
            : $"{needs}. It cannot stream with --memory {size} either: {streamed.Refusal}";
    }
}
