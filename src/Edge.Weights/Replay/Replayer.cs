using Edge.Weights.Policies;
using Edge.Weights.Traces;

namespace Edge.Weights.Replay;

/// <summary>
/// Runs a recorded routing through a policy, slice by slice, as the live cache reads on demand. A pass runs layer by
/// layer: the policy hears of all rows, then every wanted slice is looked up once, the slices of a decoded token's
/// layer staying together until the layer is done. Reading ahead changes when bytes are read, not how many, and is left
/// out.
/// </summary>
public sealed class Replayer
{
    private readonly Trace _trace;
    private readonly ReplayOptions _options;
    private readonly SliceSet[] _rowWants;
    private readonly SliceSet[] _passWants;
    private readonly int[] _order;

    private Replayer(Trace trace, ReplayOptions options)
    {
        (_trace, _options) = (trace, options);
        _rowWants = new SliceSet[trace.Shape.Used];
        _passWants = new SliceSet[trace.Shape.Experts];
        _order = new int[trace.Shape.Experts];
    }

    /// <summary><paramref name="values"/>: of the row's parameters, in order.</summary>
    public static ReplayResult Run(Trace trace, PolicyRow row, IReadOnlyList<double> values, ReplayOptions options)
    {
        var replayer = new Replayer(trace, options);
        Future? future = row.NeedsFuture ? replayer.Wants() : null;
        return replayer.Run(row.Create(new PolicySetup(trace.Shape, values, future)));
    }

    private ReplayResult Run(EvictionPolicy policy)
    {
        var pool = new SlicePool(_trace.Shape, _options.BudgetBytes, policy);
        ReplayCounts decode = new(), prefill = new();
        bool first = true;
        foreach (TracePass pass in _trace.Passes)
        {
            if (pass.Begins && !first) policy.BeginSequence();
            first = false;
            ReplayCounts counts = pass.Rows == 1 ? decode : prefill;
            long evictions = pool.Evictions;
            counts.Tokens += pass.Rows;
            for (int index = 0; index < _trace.Layers.Length; index++) RunLayer(pass, index, policy, pool, counts);
            counts.Evictions += pool.Evictions - evictions;
        }
        return new ReplayResult(decode, prefill);
    }

    private void RunLayer(TracePass pass, int index, EvictionPolicy policy, SlicePool pool, ReplayCounts counts)
    {
        int experts = 0;
        for (int r = 0; r < pass.Rows; r++)
        {
            RoutedRow row = _trace.Row(pass, index, r);
            Want(row.Weights);
            policy.Route(new RoutedRow
            {
                Token = row.Token, Layer = row.Layer, Experts = row.Experts, Weights = row.Weights,
                Scores = row.Scores, Wanted = _rowWants,
            });
            counts.Choices += row.Experts.Length;
            for (int i = 0; i < row.Experts.Length; i++)
            {
                int expert = row.Experts[i], unit = _trace.Shape.Unit(row.Layer, expert);
                if (_rowWants[i] == SliceSet.None)
                {
                    if (pool.Holds(CacheShape.Hi(unit))) counts.Degraded++;
                    else counts.Skipped++;
                    continue;
                }
                if (_rowWants[i] == SliceSet.Hi && !pool.Holds(CacheShape.Lo(unit))) counts.Degraded++;
                if (_passWants[expert] == SliceSet.None) _order[experts++] = expert;
                _passWants[expert] |= _rowWants[i];
            }
        }
        LookUp(_trace.Layers[index], _order.AsSpan(0, experts), pass.Rows == 1, pool, counts);
    }

    private void LookUp(int layer, ReadOnlySpan<int> experts, bool together, SlicePool pool, ReplayCounts counts)
    {
        foreach (int expert in experts) PinWanted(layer, expert, true, pool);
        if (together)
        {
            // HI of all before any LO: an expert can begin with HI.
            foreach (int expert in experts) LookUp(layer, expert, SliceSet.Hi, pool, counts);
            foreach (int expert in experts) LookUp(layer, expert, SliceSet.Lo, pool, counts);
        }
        else
        {
            foreach (int expert in experts)
            {
                LookUp(layer, expert, SliceSet.Hi, pool, counts);
                LookUp(layer, expert, SliceSet.Lo, pool, counts);
                // Of several rows each expert runs alone, and may leave when it has run.
                PinWanted(layer, expert, false, pool);
            }
        }
        foreach (int expert in experts)
        {
            PinWanted(layer, expert, false, pool);
            _passWants[expert] = SliceSet.None;
        }
    }

    private void LookUp(int layer, int expert, SliceSet which, SlicePool pool, ReplayCounts counts)
    {
        if ((_passWants[expert] & which) == 0) return;
        int unit = _trace.Shape.Unit(layer, expert);
        int slice = which == SliceSet.Hi ? CacheShape.Hi(unit) : CacheShape.Lo(unit);
        long bytes = _trace.Shape.SliceBytes(slice);
        if (bytes == 0) return;
        counts.Wanted++;
        counts.BytesWanted += bytes;
        if (pool.Holds(slice))
        {
            counts.Hits++;
            return;
        }
        counts.BytesRead += bytes;
        pool.Take(slice);
    }

    private void PinWanted(int layer, int expert, bool pinned, SlicePool pool)
    {
        int unit = _trace.Shape.Unit(layer, expert);
        pool.Pin(CacheShape.Hi(unit), pinned);
        if ((_passWants[expert] & SliceSet.Lo) != 0) pool.Pin(CacheShape.Lo(unit), pinned);
    }

    /// <summary>What a row needs of each chosen expert; the same for every policy, so that they are compared over the
    /// same wants.</summary>
    private void Want(ReadOnlySpan<float> weights)
    {
        double before = 0;
        for (int i = 0; i < _rowWants.Length; i++)
        {
            _rowWants[i] = _options.Whole || before <= _options.T1 ? SliceSet.Both
                : before <= _options.T2 ? SliceSet.Hi
                : SliceSet.None;
            before += weights[i];
        }
    }

    private Future Wants()
    {
        int used = _trace.Shape.Used;
        var wanted = new int[checked(_trace.Rows * _trace.Layers.Length * used * 2)];
        int at = 0;
        foreach (TracePass pass in _trace.Passes)
        {
            for (int index = 0; index < _trace.Layers.Length; index++)
            {
                for (int r = 0; r < pass.Rows; r++)
                {
                    RoutedRow row = _trace.Row(pass, index, r);
                    Want(row.Weights);
                    for (int i = 0; i < used; i++)
                    {
                        int unit = _trace.Shape.Unit(row.Layer, row.Experts[i]);
                        wanted[at++] = (_rowWants[i] & SliceSet.Hi) != 0 ? CacheShape.Hi(unit) : -1;
                        wanted[at++] = (_rowWants[i] & SliceSet.Lo) != 0 ? CacheShape.Lo(unit) : -1;
                    }
                }
            }
        }
        return new Future(_trace.Shape, wanted);
    }
}
