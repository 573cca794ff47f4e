using Edge.Models.Streaming;

namespace Edge.Agent;

/// <summary>A memory plan as sentences.</summary>
internal static class PlanText
{
    public static IEnumerable<string> Lines(MemoryPlan plan)
    {
        string slots = plan.Slots > 0 ? $" and {Size(plan.Slots * plan.SlotBytes)} in slots" : "";
        string each = plan.Sequences > 1 ? $" for each of {plan.Sequences}" : "";
        yield return $"memory {Size(plan.BudgetBytes)}: weights {Size(plan.PinnedBytes)} pinned{slots}, key-value " +
            $"cache {Size(plan.KvBytes)} (context {plan.ContextLength}{each}), scratch {Size(plan.ScratchBytes)}, " +
            $"program {Size(plan.ProgramBytes)}";
        if (plan.Kind == MemoryPlanKind.LayerWindow)
            yield return $"{plan.StreamedUnits} of {plan.PinnedUnits.Count} " +
                $"{(plan.Grain == WindowGrain.Layers ? "layers" : "matrices")} stream through " +
                $"{(plan.Slots > 1 ? $"a ring of {plan.Slots}" : "one slot, none read ahead")}: " +
                $"{Size(plan.StreamedBytes)} read for every pass of up to {plan.BatchRows} tokens";
        if (plan.Kind == MemoryPlanKind.ExpertCache)
            yield return $"{plan.Slots} of {plan.StreamedUnits * plan.SlicesPerUnit} " +
                (plan.SlicesPerUnit > 1 ? $"slices of experts, {Size(plan.SlotBytes)} each, are cached "
                    : $"experts of {Size(plan.SlotBytes)} are cached ") +
                $"(policy {plan.Policy}): a token uses {Size(plan.CycleBytes)} of them, and reads " +
                $"{Size(plan.ReadBytesPerToken)} if the router chooses evenly";
        if (plan is { TokensPerSecond: { } speed, StorageBytesPerSecond: > 0, Slots: > 0 })
            yield return $"storage gives {plan.StorageBytesPerSecond / 1e6:F0} MB/s: about {speed:G3} tokens/s";
        if (plan.Warning is not null) yield return plan.Warning;
    }

    private static string Size(long bytes) => MemorySize.Text(bytes);
}
