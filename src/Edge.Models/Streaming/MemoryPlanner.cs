using System.Globalization;
using Edge.Gguf;
using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>Divides a budget: first what must be there, then as much of the rest as fits; refuses with what would fit.
/// </summary>
public sealed class MemoryPlanner
{
    /// <summary>Slots of a ring: one is used while the next fills; a third where there is room.</summary>
    private const int RingMin = 2, RingMax = 3;
    private const int BatchRowsMax = 256, LeastBatchRows = 32;

    private readonly WeightLayout _layout;
    private readonly ModelConfig _config;
    private readonly ModelOptions _options;
    private readonly MemoryBudget _budget;
    private readonly long _kvBytesPerToken, _programBytes, _residentBytes, _pinnedBytes, _streamedBytes, _slotBytes;

    private MemoryPlanner(WeightLayout layout, ModelConfig config, ModelOptions options, MemoryBudget budget)
    {
        (_layout, _config, _options, _budget) = (layout, config, options, budget);
        _kvBytesPerToken = SequenceCache.BytesPerToken(config, options.KvType) * Math.Max(1, budget.Sequences);
        // Measured: the native program with its heap, and what the tokenizer keeps of each token.
        _programBytes = budget.ProgramBytes ?? (32L << 20) + 250L * config.VocabularySize;
        _residentBytes = layout.File.Tensors.Sum(tensor => layout.ResidentBytes(tensor, options.Loading));
        _streamedBytes = Layers.Sum(l => layout.Streamable(l).Sum(tensor => tensor.Bytes));
        long all = layout.File.Tensors.Sum(tensor => layout.ResidentBytes(tensor, WeightLoading.Read));
        _pinnedBytes = all - _streamedBytes - (layout.Gathered?.Bytes ?? 0);
        _slotBytes = Layers.Max(l => Math.Max(layout.SliceBytes(l, low: false), layout.SliceBytes(l, low: true)));
    }

    private IEnumerable<int> Layers => Enumerable.Range(0, _config.LayerCount);
    private int ExpertsUsed => Math.Max(1, _config.ExpertUsedCount);
    private int StreamedLayers => Layers.Count(l => _layout.Streamable(l).Count > 0);
    /// <summary>Rows of a pass when memory is short.</summary>
    private int LeastRows => Math.Min(_options.BatchRowsMax, Math.Max(LeastBatchRows, _budget.Sequences));
    private int SlicesPerUnit => _layout.HasLow ? 2 : 1;
    private int SlotsMin => _layout.IsMixture ? Math.Max(RingMin, ExpertsUsed * SlicesPerUnit) : RingMin;

    /// <summary>The plan for a file. Errors: as <see cref="Model.Load"/>; a model that does not fit is no error: the
    /// plan says it.</summary>
    public static MemoryPlan Plan(string path, ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options.Memory);
        GgufFile file = GgufFile.Open(path);
        ArchitectureTable.RequireKnown(file.Metadata);
        file.RequireRunnable();
        return Plan(file, ConfigReader.Read(file.Metadata), KernelSet.Choose(options.KernelSet), options)!;
    }

    /// <summary>Null without a budget.</summary>
    internal static MemoryPlan? Plan(GgufFile file, ModelConfig config, KernelSet kernels, ModelOptions options)
    {
        if (options.Memory is not { } budget) return null;
        var layout = new WeightLayout(file, config, kernels, options);
        return new MemoryPlanner(layout, config, options, budget).Plan();
    }

    private MemoryPlan Plan()
    {
        int context = Math.Min(_config.ContextLength,
            _budget.ContextLength > 0 ? _budget.ContextLength : MemoryBudget.ContextDefault);
        long least = Least(context);
        MemoryPlan plan = Base(context, LeastRows) with { LeastBytes = least, ContextThatFits = context };
        for (int rows = _options.BatchRowsMax; rows >= LeastRows; rows /= 2)
        {
            if (plan.ProgramBytes + Scratch(rows) + plan.KvBytes + _residentBytes <= _budget.Bytes)
                return plan with { BatchRows = rows, ScratchBytes = Scratch(rows) };
        }
        plan = plan with { ContextThatFits = ContextThatFits() };
        if (StreamedLayers == 0 || least > _budget.Bytes)
            return plan with { Refusal = Refusal(plan, plan.ProgramBytes + plan.ScratchBytes + plan.KvBytes) };
        // One sweep or one union of experts serves all rows of a pass: more rows, as long as scratch stays small.
        for (int rows = BatchRowsMax; rows > LeastRows; rows /= 2)
        {
            long more = Scratch(rows) - plan.ScratchBytes;
            if (Scratch(rows) > _budget.Bytes / 16 || least + more > _budget.Bytes) continue;
            plan = plan with { BatchRows = rows, ScratchBytes = Scratch(rows) };
            break;
        }
        plan = plan with { GathersEmbedding = _layout.Gathered is not null };
        return Predict(_layout.IsMixture ? PlanExperts(plan) : PlanWindow(plan));
    }

    private MemoryPlan PlanExperts(MemoryPlan plan)
    {
        int units = StreamedLayers * _config.ExpertCount;
        long free = _budget.Bytes - plan.ProgramBytes - plan.ScratchBytes - plan.KvBytes - _pinnedBytes;
        int slices = units * SlicesPerUnit, slots = (int)Math.Min(slices, free / _slotBytes);
        long cycle = ExpertsUsed * Layers.Sum(l => _layout.Streamable(l).Sum(t => t.Bytes) / _config.ExpertCount);
        // Coarse experts alone are a cycle too, where they will do.
        int cycleSlices = StreamedLayers * ExpertsUsed
            * (_budget.Experts == ExpertMode.Exact ? SlicesPerUnit : 1);
        bool belowCycle = slots < cycleSlices;
        return plan with
        {
            Kind = MemoryPlanKind.ExpertCache, PinnedBytes = _pinnedBytes, StreamedBytes = _streamedBytes,
            StreamedUnits = units, Slots = slots, SlotBytes = _slotBytes, CycleBytes = cycle,
            ReadBytesPerToken = (long)(cycle * (1 - (double)slots / slices)), SlicesPerUnit = SlicesPerUnit,
            Policy = _budget.Policy ?? (belowCycle ? PolicyTable.BelowCycle : PolicyTable.Default),
            Warning = belowCycle ? $"room for {slots} of the {cycleSlices} slices of experts that one token uses: " +
                "the most popular ones stay, the others are read for every token"
                : _budget.Experts != ExpertMode.Exact && SlicesPerUnit == 1
                    ? "the experts have one slice: nothing runs coarse (edge pack --type nested4 makes two)" : null,
        };
    }

    private MemoryPlan PlanWindow(MemoryPlan plan)
    {
        long free = _budget.Bytes - plan.ProgramBytes - plan.ScratchBytes - plan.KvBytes - _pinnedBytes;
        int ring = free >= (RingMax + 1) * _slotBytes ? RingMax : RingMin;
        int layers = StreamedLayers, pinned = layers - 1;
        bool[] stays = Spread(pinned);
        for (; pinned > 0 && PinnedLayerBytes(stays) + ring * _slotBytes > free; stays = Spread(--pinned)) { }
        long pinnedLayers = PinnedLayerBytes(stays);
        ring = Math.Min(ring, layers - pinned);
        return plan with
        {
            Kind = MemoryPlanKind.LayerWindow, PinnedBytes = _pinnedBytes + pinnedLayers, PinnedLayers = stays,
            StreamedBytes = _streamedBytes - pinnedLayers, StreamedUnits = layers - pinned,
            Slots = ring, SlotBytes = _slotBytes,
            CycleBytes = _streamedBytes - pinnedLayers, ReadBytesPerToken = _streamedBytes - pinnedLayers,
        };
    }

    /// <summary>Evenly spaced: every streamed layer is followed by as much that stays as can be.</summary>
    private bool[] Spread(int pinned)
    {
        bool[] stays = [.. Layers.Select(l => _layout.Streamable(l).Count == 0)];
        int layers = StreamedLayers, at = 0;
        foreach (int l in Layers.Where(l => _layout.Streamable(l).Count > 0))
        {
            stays[l] = (at + 1) * pinned / layers > at * pinned / layers;
            at++;
        }
        return stays;
    }

    private long PinnedLayerBytes(bool[] stays) =>
        Layers.Where(l => stays[l]).Sum(l => _layout.Streamable(l).Sum(tensor => tensor.Bytes));

    private MemoryPlan Predict(MemoryPlan plan)
    {
        // Infinity where a rate is not known: the other one bounds.
        double compute = _budget.MemoryBytesPerSecond / plan.WeightBytesPerToken;
        double storage = _budget.StorageBytesPerSecond / plan.ReadBytesPerToken;
        double bound = Math.Min(compute > 0 ? compute : double.PositiveInfinity,
            storage > 0 ? storage : double.PositiveInfinity);
        return plan with { TokensPerSecond = double.IsFinite(bound) ? bound : null };
    }

    private MemoryPlan Base(int context, int rows) => Predict(new MemoryPlan
    {
        Kind = MemoryPlanKind.Resident, BudgetBytes = _budget.Bytes, WeightBytes = _residentBytes,
        PinnedBytes = _residentBytes, ProgramBytes = _programBytes, ScratchBytes = Scratch(rows),
        KvBytes = context * _kvBytesPerToken, ContextLength = context, Sequences = Math.Max(1, _budget.Sequences),
        BatchRows = rows, StorageBytesPerSecond = _budget.StorageBytesPerSecond, WeightBytesPerToken = PerToken(),
    });

    private long PerToken() => _layout.File.Tensors
        .Where(tensor => tensor.Shape.Count > 1 && tensor != _layout.Gathered)
        .Sum(tensor => WeightLayout.IsExperts(tensor) || _layout.IsMixture && WeightLayout.ExpertOf(tensor) >= 0
            ? tensor.Bytes / _config.ExpertCount * ExpertsUsed : tensor.Bytes);

    private long Scratch(int rows)
    {
        ModelConfig c = _config;
        long ff = Math.Max(c.FeedForwardLength, (long)c.ExpertFeedForwardLength * ExpertsUsed);
        long wide = 3L * c.EmbeddingLength + 2L * c.QueryLength + 2L * c.KvLength + 3 * ff
            + (c.ExpertCount > 0 ? 2L * ExpertsUsed * c.EmbeddingLength : 0) + c.ExpertCount;
        // A float and up to 2.5 prepared bytes beside it; logits only of rows that want them.
        return rows * wide * 13 / 2 + Math.Max(1, _budget.Sequences) * 4L * c.VocabularySize;
    }

    private long Least(int context) => _programBytes + Scratch(LeastRows) + context * _kvBytesPerToken
        + (StreamedLayers == 0 ? _residentBytes : Math.Min(_residentBytes, _pinnedBytes + SlotsMin * _slotBytes));

    private int ContextThatFits()
    {
        long left = _budget.Bytes - Least(0);
        return left <= 0 ? 0 : (int)Math.Min(_config.ContextLength, left / Math.Max(1, _kvBytesPerToken));
    }

    private string Refusal(MemoryPlan plan, long others)
    {
        long resident = _residentBytes + others;
        string needs = $"the model needs {Mib(resident)} to be in memory as a whole, {Mib(_budget.Bytes)} are allowed";
        if (_layout.Obstacle is { } obstacle)
            return $"{needs}; '{obstacle.Name}' ({QuantTypes.Of(obstacle.Type).Name}) cannot stream with these " +
                $"kernels, a packed copy can: edge pack --type digits4 --model {_layout.File.Path} --out packed.gguf";
        if (StreamedLayers == 0) return $"{needs}, and it has no layers that could stream";
        string other = plan.ContextThatFits > 0 ? $", or a context of {plan.ContextThatFits} instead of " +
            $"{plan.ContextLength}" : "";
        return $"{needs}, and the least with which it streams is {Mib(plan.LeastBytes)}: give that{other}";
    }

    private static string Mib(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 20) - 1) >> 20}M");
}
