using System.Globalization;
using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>Divides a budget: first what must be there, then as much of the rest as fits; refuses with what would fit.
/// </summary>
public sealed class MemoryPlanner
{
    /// <summary>Windows, the best first: what a unit is, slots of the ring (one is used while the next fills; a third
    /// where there is room, and for Spare units that stay beside it). The last takes least.</summary>
    private static readonly Window[] Windows =
    [
        new(WindowGrain.Layers, 3, 1), new(WindowGrain.Layers, 2, 0),
        new(WindowGrain.Matrices, 3, 0), new(WindowGrain.Matrices, 2, 0),
        new(WindowGrain.MatricesAndHead, 3, 0), new(WindowGrain.MatricesAndHead, 2, 0),
        new(WindowGrain.MatricesAndHead, 1, 0),
    ];

    private const int ExpertSlotsMin = 2;
    private const int BatchRowsMax = 256, LeastBatchRows = 32;

    private readonly WeightLayout _layout;
    private readonly ModelConfig _config;
    private readonly ModelOptions _options;
    private readonly MemoryBudget _budget;
    private readonly WindowUnits[] _units;
    private readonly long _kvBytesPerToken, _programBytes, _rowBytes;
    private readonly long _residentBytes, _heldBytes, _streamedBytes, _slotBytes;

    private MemoryPlanner(WeightLayout layout, ModelConfig config, ModelOptions options, MemoryBudget budget)
    {
        (_layout, _config, _options, _budget) = (layout, config, options, budget);
        _kvBytesPerToken = SequenceCache.BytesPerToken(config, options.KvType) * Math.Max(1, budget.Sequences);
        // Measured: the native program with its heap, and what the tokenizer keeps of each token.
        _programBytes = budget.ProgramBytes ?? (32L << 20) + 250L * config.VocabularySize;
        _residentBytes = layout.File.Tensors.Sum(tensor => layout.ResidentBytes(tensor, options.Loading));
        _streamedBytes = Layers.Sum(l => layout.Streamable(l).Sum(tensor => tensor.Bytes));
        long all = layout.File.Tensors.Sum(tensor => layout.ResidentBytes(tensor, WeightLoading.Read));
        _heldBytes = all - (layout.Gathered?.Bytes ?? 0);
        _slotBytes = Layers.Max(l => Math.Max(layout.SliceBytes(l, low: false), layout.SliceBytes(l, low: true)));
        _rowBytes = RowBytes();
        _units = layout.IsMixture ? []
            : [new(layout, WindowGrain.Layers), new(layout, WindowGrain.Matrices),
                new(layout, WindowGrain.MatricesAndHead)];
    }

    private IEnumerable<int> Layers => Enumerable.Range(0, _config.LayerCount);
    private int ExpertsUsed => Math.Max(1, _config.ExpertUsedCount);
    private int StreamedLayers => Layers.Count(l => _layout.Streamable(l).Count > 0);
    /// <summary>Rows of a pass when memory is short.</summary>
    private int LeastRows => Math.Min(_options.BatchRowsMax, Math.Max(LeastBatchRows, _budget.Sequences));
    private int SlicesPerUnit => _layout.HasLow ? 2 : 1;
    /// <summary>What must be in memory of a mixture: all but experts, and those of one token in one layer.</summary>
    private long LeastExperts =>
        _heldBytes - _streamedBytes + Math.Max(ExpertSlotsMin, ExpertsUsed * SlicesPerUnit) * _slotBytes;

    /// <summary>The plan for a file. Errors: as <see cref="Model.Load"/>; a model that does not fit is no error: the
    /// plan says it.</summary>
    public static MemoryPlan Plan(string path, ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options.Memory);
        GgufFile file = GgufFile.Open(path);
        ArchitectureTable.RequireKnown(file.Metadata);
        file.RequireRunnable();
        return Plan(file, ConfigReader.Read(file.Metadata), KernelSet.Of(options), options)!;
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
        Window? window = _layout.IsMixture ? null : Array.Find(Windows, w => LeastWindow(w) <= Free(plan));
        long needed = window is null ? LeastExperts : LeastWindow(window);
        // One sweep or one union of experts serves all rows of a pass: more rows, as long as scratch stays small and
        // the caches have positions for them.
        long positions = (long)context * Math.Max(1, _budget.Sequences);
        for (int rows = BatchRowsMax; rows > LeastRows; rows /= 2)
        {
            long more = Scratch(rows) - plan.ScratchBytes;
            if (rows / 2 >= positions || Scratch(rows) > _budget.Bytes / 16 || needed + more > Free(plan)) continue;
            plan = plan with { BatchRows = rows, ScratchBytes = Scratch(rows) };
            break;
        }
        return Predict(window is null ? PlanExperts(plan) : PlanWindow(plan, window));
    }

    /// <summary>What is left for weights.</summary>
    private long Free(MemoryPlan plan) => _budget.Bytes - plan.ProgramBytes - plan.ScratchBytes - plan.KvBytes;

    /// <summary>What must be in memory of a window: all that is no unit, and the ring.</summary>
    private long LeastWindow(Window window)
    {
        WindowUnits units = _units[(int)window.Grain];
        return _heldBytes - units.Bytes + units.RingBytes(window.Ring) + window.Spare * units.SlotBytes;
    }

    private MemoryPlan PlanExperts(MemoryPlan plan)
    {
        int units = StreamedLayers * _config.ExpertCount;
        long pinned = _heldBytes - _streamedBytes, free = Free(plan) - pinned;
        int slices = units * SlicesPerUnit, slots = (int)Math.Min(slices, free / _slotBytes);
        long cycle = ExpertsUsed * Layers.Sum(l => _layout.Streamable(l).Sum(t => t.Bytes) / _config.ExpertCount);
        // Coarse experts alone are a cycle too, where they will do.
        int cycleSlices = StreamedLayers * ExpertsUsed
            * (_budget.Experts == ExpertMode.Exact ? SlicesPerUnit : 1);
        bool belowCycle = slots < cycleSlices;
        return plan with
        {
            Kind = MemoryPlanKind.ExpertCache, PinnedBytes = pinned, StreamedBytes = _streamedBytes,
            GathersEmbedding = _layout.Gathered is not null,
            StreamedUnits = units, Slots = slots, SlotBytes = _slotBytes, CycleBytes = cycle,
            ReadBytesPerToken = (long)(cycle * (1 - (double)slots / slices)), SlicesPerUnit = SlicesPerUnit,
            Policy = _budget.Policy ?? (belowCycle ? PolicyTable.BelowCycle : PolicyTable.Default),
            Warning = belowCycle ? $"room for {slots} of the {cycleSlices} slices of experts that one token uses: " +
                "the most popular ones stay, the others are read for every token"
                : _budget.Experts != ExpertMode.Exact && SlicesPerUnit == 1
                    ? "the experts have one slice: nothing runs coarse (edge pack --type digits2+2 makes two)" : null,
        };
    }

    private MemoryPlan PlanWindow(MemoryPlan plan, Window window)
    {
        WindowUnits units = _units[(int)window.Grain];
        long held = _heldBytes - units.Bytes;
        (bool[] stays, long pinned) = units.Spread(Free(plan) - held - units.RingBytes(window.Ring));
        int streamed = stays.AsSpan().Count(false);
        long bytes = units.Bytes - pinned;
        return plan with
        {
            Kind = MemoryPlanKind.LayerWindow, Grain = units.Grain, PinnedUnits = stays, PinnedBytes = held + pinned,
            StreamedBytes = bytes, StreamedUnits = streamed,
            Slots = Math.Min(window.Ring, streamed), SlotBytes = units.SlotBytes,
            CycleBytes = bytes, ReadBytesPerToken = bytes,
            GathersEmbedding = _layout.GatheredIn(units.Grain) is not null,
        };
    }

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

    /// <summary>Logits only of rows that want them.</summary>
    private long Scratch(int rows) => rows * _rowBytes + Math.Max(1, _budget.Sequences) * 4L * _config.VocabularySize;

    /// <summary>What a row of a pass takes: floats, and what is prepared of those that matrices read. 3 bytes beside a
    /// float at least: some architectures have buffers of their own.</summary>
    private long RowBytes()
    {
        ModelConfig c = _config;
        bool isMixture = c.ExpertCount > 0;
        long ff = Math.Max(c.FeedForwardLength, (long)c.ExpertFeedForwardLength * ExpertsUsed);
        long wide = 3L * c.EmbeddingLength + 2L * c.QueryLength + 2L * c.KvLength + 3 * ff
            + (isMixture ? 2L * ExpertsUsed * c.EmbeddingLength : 0) + c.ExpertCount;
        // The normed row, once more for each expert; what attention gave; what the gate let through.
        long prepared = _layout.PreparedBytes(c.EmbeddingLength) * (isMixture ? 1 + ExpertsUsed : 1)
            + _layout.PreparedBytes(c.QueryLength) + _layout.PreparedBytes(c.FeedForwardLength)
            + (isMixture ? _layout.PreparedBytes(c.ExpertFeedForwardLength) * ExpertsUsed : 0);
        return 4 * wide + Math.Max(3 * wide, prepared);
    }

    private long Least(int context) => _programBytes + Scratch(LeastRows) + context * _kvBytesPerToken
        + (StreamedLayers == 0 ? _residentBytes
            : Math.Min(_residentBytes, _layout.IsMixture ? LeastExperts : Windows.Min(LeastWindow)));

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
                $"kernels, {Remedy(obstacle)}";
        if (StreamedLayers == 0) return $"{needs}, and it has no layers that could stream";
        string other = plan.ContextThatFits > 0 ? $", or a context of {plan.ContextThatFits} instead of " +
            $"{plan.ContextLength}" : "";
        return $"{needs}, and the least with which it streams is {Mib(plan.LeastBytes)}: give that{other}";
    }

    /// <summary>What to do about a matrix that cannot stream. What is packed is not packed again.</summary>
    private string Remedy(GgufTensor obstacle)
    {
        if (_options.Arithmetic == Arithmetic.Float) return "in float arithmetic: leave out --float";
        if (_layout.File.Tensors.Any(tensor => QuantTypes.Of(tensor.Type).IsPacked))
            return "and what is packed is not packed again; take the model that this file was made of: " +
                "edge pack --type digits4 --model SOURCE --out packed.gguf";
        return PackPlan.For(obstacle, tied: false, new PackOptions { Target = PackTarget.Digits4 }).Type
            == obstacle.Type ? "and packing leaves it as it is: give that memory"
            : $"a packed copy can: edge pack --type digits4 --model {_layout.File.Path} --out packed.gguf";
    }

    private static string Mib(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes + (1 << 20) - 1) >> 20}M");

    private sealed record Window(WindowGrain Grain, int Ring, int Spare);
}
