using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>Where a streamed tensor's addresses stand.</summary>
internal readonly unsafe struct StreamPlace
{
    public required byte** Cell { get; init; }
    public required int CellStride { get; init; }
    /// <summary>The unit of the window, or the layer of the experts.</summary>
    public required int Unit { get; init; }
}

/// <summary>What a plan comes to: the residency with its units, the window or the cache that asks it, and the reader of
/// the embedding. A unit is a layer or a matrix of the window, or an expert; its HI slice holds one range per tensor.
/// </summary>
internal sealed unsafe class WeightStream : IDisposable
{
    private readonly Dictionary<GgufTensor, (int Slice, int Range, int Unit)> _places =
        new(ReferenceEqualityComparer.Instance);
    /// <summary>Matrices that are units and stay.</summary>
    private readonly Dictionary<GgufTensor, int> _pinnedUnits = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<GgufTensor> _absent = new(ReferenceEqualityComparer.Instance);
    private readonly Residency _residency;
    private readonly RowReader? _rows;
    private readonly GgufTensor? _gathered;
    private readonly PackHeader? _pack;
    private readonly WindowGrain _grain;
    private readonly string? _output;
    private readonly int _units;
    private readonly bool _isStack;

    public WeightStream(GgufFile file, ModelConfig config, PackHeader? pack, KernelSet kernels, ModelOptions options,
        MemoryPlan plan)
    {
        _pack = pack;
        var layout = new WeightLayout(file, config, kernels, options);
        _absent.UnionWith(file.Tensors.Where(layout.IsUnused));
        (_grain, _output, _isStack) = (plan.Grain, layout.OutputName, plan.Kind == MemoryPlanKind.ExpertCache);
        // The head is the last unit of a window, whether it streams or stays.
        bool[] stays = layout.Head is not null && _grain == WindowGrain.MatricesAndHead
            ? [.. plan.PinnedUnits] : [.. plan.PinnedUnits, true];
        _units = stays.Length;
        SliceRanges[] slices = _isStack ? ExpertSlices(layout, config) : UnitSlices(layout, stays);
        CacheShape? shape = _isStack ? Shape(layout, config) : null;
        EvictionPolicy? policy = shape is null ? null
            : PolicyTable.Create(plan.Policy!, shape);
        _gathered = plan.GathersEmbedding ? layout.GatheredIn(_grain) : null;
        if (_gathered is not null)
        {
            _absent.Add(_gathered);
            _rows = new RowReader(options.OpenStorage(file.Path), file.Path, _gathered.Offset,
                QuantTypes.RowBytes(_gathered.Type, _gathered.Columns), _gathered.Rows);
        }
        _residency = new Residency(options.OpenStorage(file.Path), file.Path, slices,
            [new SlotClass(plan.Slots, plan.SlotBytes)], policy);
        if (_isStack) Experts = new ExpertCache(
            _residency, policy!, shape!, options.Memory!.Experts, options.Memory.Foresight, layout.HasLow);
        else Window = new LayerWindow(_residency, stays, plan.Slots, isOrdered: _grain == WindowGrain.Layers);
    }

    public LayerWindow? Window { get; }
    public ExpertCache? Experts { get; }
    /// <summary>Tensors that are not loaded.</summary>
    public IReadOnlySet<GgufTensor> Absent => _absent;

    public StreamStatistics Statistics => new()
    {
        Residency = _residency.Statistics, Storage = _residency.StorageName,
        Choices = Experts?.Choices ?? 0, Degraded = Experts?.Degraded ?? 0, Dropped = Experts?.Dropped ?? 0,
        Passes = Experts?.Passes ?? Window!.Passes, Late = Experts?.Late ?? 0,
        ForeseenChoices = Experts?.ForeseenChoices ?? 0, ForeseenRight = Experts?.ForeseenRight ?? 0,
    };

    public WeightTraffic Traffic
    {
        get
        {
            ResidencyStatistics s = _residency.Statistics;
            return new WeightTraffic(s.StallMicros, s.BytesRead + (_rows?.BytesRead ?? 0));
        }
    }

    /// <summary>Where a tensor's addresses stand; null for one that does not stream.</summary>
    public StreamPlace? Place(GgufTensor tensor) => !_places.TryGetValue(tensor, out var place) ? null
        : new StreamPlace
        {
            Cell = _residency.Cell(place.Slice, place.Range), Unit = place.Unit,
            // From one expert to the next: both slices of a unit.
            CellStride = _isStack ? 2 * _residency.CellStride : 0,
        };

    /// <summary>The unit to which a tensor belongs that stays; −1: none. That its turn has come lets the ring go on.
    /// </summary>
    public int UnitOf(GgufTensor tensor) => Window is null ? -1
        : tensor.Name == _output ? _units - 1
        : _grain == WindowGrain.Layers ? WeightLayout.LayerOf(tensor) : _pinnedUnits.GetValueOrDefault(tensor, -1);

    /// <summary>Reads the rows of a table that stays in the file; null for any other tensor.</summary>
    public RowReader? Reader(GgufTensor tensor) => tensor == _gathered ? _rows : null;

    public void Reset()
    {
        Experts?.Reset();
        Window?.Reset();
        _residency.Reset();
    }

    public void Dispose()
    {
        _residency.Dispose();
        _rows?.Dispose();
    }

    private SliceRanges[] UnitSlices(WeightLayout layout, bool[] stays)
    {
        IReadOnlyList<IReadOnlyList<GgufTensor>> units = layout.Units(_grain);
        var slices = new SliceRanges[2 * stays.Length];
        Array.Fill(slices, SliceRanges.None);
        for (int u = 0; u < units.Count; u++)
        {
            IReadOnlyList<GgufTensor> tensors = units[u];
            if (stays[u])
            {
                if (_grain != WindowGrain.Layers) _pinnedUnits.Add(tensors[0], u);
                continue;
            }
            for (int i = 0; i < tensors.Count; i++) Add(tensors[i], CacheShape.Hi(u), i, u);
            slices[CacheShape.Hi(u)] =
                new SliceRanges(0, Array.ConvertAll([.. tensors], tensor => Range(layout, tensor, 0, 1)));
        }
        return slices;
    }

    private SliceRanges[] ExpertSlices(WeightLayout layout, ModelConfig config)
    {
        int experts = config.ExpertCount;
        var slices = new SliceRanges[2 * config.LayerCount * experts];
        for (int l = 0; l < config.LayerCount; l++)
        {
            IReadOnlyList<GgufTensor> all = layout.Streamable(l);
            GgufTensor[] stacks = [.. all.Where(tensor => WeightLayout.ExpertOf(tensor) < 0)];
            GgufTensor[] hi = [.. stacks.Where(stack => !WeightLayout.IsLow(stack))];
            GgufTensor[] lo = [.. stacks.Where(WeightLayout.IsLow)];
            int first = l * experts;
            for (int i = 0; i < hi.Length; i++) Add(hi[i], CacheShape.Hi(first), i, l);
            for (int i = 0; i < lo.Length; i++) Add(lo[i], CacheShape.Lo(first), i, l);
            for (int e = 0; e < experts; e++)
            {
                // Behind what is cut out of stacks stand the tensors that are this expert's alone.
                GgufTensor[] own = all.Count == stacks.Length ? []
                    : [.. all.Where(tensor => WeightLayout.ExpertOf(tensor) == e)];
                for (int i = 0; i < own.Length; i++) Add(own[i], CacheShape.Hi(first + e), hi.Length + i, l);
                slices[CacheShape.Hi(first + e)] = OfExpert(layout, hi, own, e, experts);
                slices[CacheShape.Lo(first + e)] = OfExpert(layout, lo, [], e, experts);
            }
        }
        return slices;
    }

    private SliceRanges OfExpert(WeightLayout layout, GgufTensor[] stacks, GgufTensor[] own, int expert, int experts) =>
        new(0, [.. Array.ConvertAll(stacks, stack => Range(layout, stack, expert, experts)),
            .. Array.ConvertAll(own, tensor => Range(layout, tensor, 0, 1))]);

    /// <summary>One of <paramref name="count"/> matrices of a tensor.</summary>
    private ByteRange Range(WeightLayout layout, GgufTensor tensor, int matrix, int count) =>
        layout.Range(tensor, matrix, count) with { Digest = _pack?.Digest(tensor, matrix, count) };

    private static CacheShape Shape(WeightLayout layout, ModelConfig config)
    {
        long[] Bytes(bool low)
        {
            var bytes = new long[config.LayerCount];
            for (int l = 0; l < bytes.Length; l++) bytes[l] = layout.SliceBytes(l, low);
            return bytes;
        }

        return new CacheShape(config.ExpertCount, config.ExpertUsedCount, Bytes(low: false), Bytes(low: true));
    }

    private void Add(GgufTensor tensor, int slice, int range, int unit)
    {
        _absent.Add(tensor);
        _places.Add(tensor, (slice, range, unit));
    }
}
