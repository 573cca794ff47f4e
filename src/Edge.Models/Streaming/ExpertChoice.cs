using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>What a mode does to the choice of experts: which run, on which slices, and in which order.</summary>
/// <remarks>Sources: the score of a choice is the weight of the row's better ones (HOBBIT, arXiv 2411.01433): up to T1
/// a missing expert is read whole, up to T2 its HI slice alone, beyond it is left out. Experts that are there are
/// preferred by a bias on the router's outputs, and all keep their own gate weights (arXiv 2412.00099); missing ones
/// below F / k of the weight are dropped.</remarks>
internal sealed unsafe class ExpertChoice(Residency residency, CacheShape shape, ExpertMode mode, bool hasLow)
{
    private const float WholeBelow = 0.6f, CoarseBelow = 0.9f;
    private const float PreferBias = 0.15f, DropBelow = 0.75f;

    private readonly float[] _heat = new float[shape.Experts];
    private readonly SliceSet[] _need = new SliceSet[shape.Experts], _wants = new SliceSet[shape.Used];
    private readonly bool[] _isThere = new bool[shape.Experts];
    private float _bias;

    /// <summary>Every row of the pass is the next token of a reply; only then is anything left out.</summary>
    public bool IsDecode { get; set; }
    /// <summary>Choices that were left out.</summary>
    public long Dropped { get; private set; }
    public bool MayRunCoarse { get; } = hasLow && mode != ExpertMode.Exact;

    /// <summary>What the rows of the layer want of an expert.</summary>
    public SliceSet Need(int expert) => _need[expert];

    /// <summary>The layer's rows go on with the expert's HI slice.</summary>
    public void RunCoarse(int expert) => _need[expert] = SliceSet.Hi;

    /// <summary>Raises the router's outputs of experts that are there.</summary>
    public void Prefer(int layer, float* logits)
    {
        _bias = 0;
        if (mode != ExpertMode.Fast || !IsDecode) return;
        float least = float.PositiveInfinity, most = float.NegativeInfinity;
        for (int e = 0; e < shape.Experts; e++)
        {
            least = MathF.Min(least, logits[e]);
            most = MathF.Max(most, logits[e]);
            _isThere[e] = residency.IsReady(CacheShape.Hi(shape.Unit(layer, e)));
        }
        _bias = PreferBias * (most - least);
        for (int e = 0; e < shape.Experts; e++)
            if (_isThere[e]) logits[e] += _bias;
    }

    /// <summary>Gives probabilities and gate weights the values that they have without the bias; the choice
    /// stays.</summary>
    public void Restore(float* scores, Routing routing, int row, bool renormalise)
    {
        if (_bias == 0) return;
        float fall = MathF.Exp(-_bias), sum = 0, chosen = 0;
        for (int e = 0; e < shape.Experts; e++)
        {
            if (_isThere[e]) scores[e] *= fall;
            sum += scores[e];
        }
        int* experts = routing.Experts + row * routing.Used;
        float* weights = routing.Weights + row * routing.Used;
        for (int e = 0; e < shape.Experts; e++) scores[e] /= sum;
        for (int k = 0; k < routing.Used; k++) chosen += scores[experts[k]];
        for (int k = 0; k < routing.Used; k++)
        {
            (int expert, float weight) = (experts[k], scores[experts[k]] / (renormalise ? chosen : 1));
            int at = k;
            for (; at > 0 && weights[at - 1] < weight; at--)
                (experts[at], weights[at]) = (experts[at - 1], weights[at - 1]);
            (experts[at], weights[at]) = (expert, weight);
        }
    }

    /// <summary>Writes the layer's experts that run, those that most rows and weight wait for first; returns how
    /// many.</summary>
    public int Sort(int layer, Routing routing, int[] order)
    {
        Array.Clear(_heat);
        Array.Clear(_need);
        for (int row = 0; row * routing.Used < routing.Slots; row++) Weigh(layer, routing, row);
        int count = 0;
        for (int e = 0; e < shape.Experts; e++)
        {
            if (_need[e] == SliceSet.None) continue;
            int at = count++;
            for (; at > 0 && _heat[order[at - 1]] < _heat[e]; at--) order[at] = order[at - 1];
            order[at] = e;
        }
        return count;
    }

    /// <summary>What a row wants of its experts, best first; holds until the next call.</summary>
    public ReadOnlySpan<SliceSet> WantsOf(int layer, Routing routing, int row)
    {
        int* experts = routing.Experts + row * routing.Used;
        float* weights = routing.Weights + row * routing.Used;
        float all = 0, before = 0;
        for (int k = 0; k < routing.Used; k++) all += weights[k];
        for (int k = 0; k < routing.Used; k++)
        {
            float share = weights[k] / all;
            _wants[k] = Wanted(layer, experts[k], share, before, k == 0, routing.Used);
            before += share;
        }
        return _wants;
    }

    private void Weigh(int layer, Routing routing, int row)
    {
        int* experts = routing.Experts + row * routing.Used;
        float* weights = routing.Weights + row * routing.Used;
        float all = 0, dropped = 0;
        ReadOnlySpan<SliceSet> wants = WantsOf(layer, routing, row);
        for (int k = 0; k < routing.Used; k++) all += weights[k];
        for (int k = 0; k < routing.Used; k++)
        {
            (int e, SliceSet need) = (experts[k], wants[k]);
            if (need == SliceSet.None)
            {
                dropped += weights[k];
                weights[k] = 0;
                Dropped++;
                continue;
            }
            _need[e] |= need;
            _heat[e] += 1 + weights[k] / all;
        }
        // The others take over the weight of what was left out.
        if (dropped > 0)
            for (int k = 0; k < routing.Used; k++) weights[k] *= all / (all - dropped);
    }

    /// <summary>What a choice with that share of the weight needs, when the better ones have <paramref name="before"/>
    /// of it.</summary>
    private SliceSet Wanted(int layer, int expert, float share, float before, bool isFirst, int used)
    {
        SliceSet whole = hasLow ? SliceSet.Both : SliceSet.Hi;
        if (mode == ExpertMode.Exact || isFirst) return whole;
        if (IsDecode && !residency.IsReady(CacheShape.Hi(shape.Unit(layer, expert))))
        {
            if (hasLow && before > CoarseBelow) return SliceSet.None;
            if (!hasLow && mode == ExpertMode.Fast && share < DropBelow / used) return SliceSet.None;
        }
        if (!hasLow) return whole;
        // Where slices are, a choice below F / k runs coarse in place of being dropped.
        bool isCoarse = before > WholeBelow || mode == ExpertMode.Fast && share < DropBelow / used;
        return isCoarse ? SliceSet.Hi : SliceSet.Both;
    }
}
