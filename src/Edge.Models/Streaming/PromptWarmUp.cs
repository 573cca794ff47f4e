using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>After a prompt: the experts to which its last tokens gave most weight are asked for, heaviest first, one
/// at a time and only while storage has nothing else to do.</summary>
/// <remarks>Source: SliceMoE's warm-up, arXiv 2512.12990. What reading a long prompt drove out comes back before a
/// reply asks for it; the policy still refuses what it holds worth less than what would leave.</remarks>
internal sealed unsafe class PromptWarmUp(Residency residency, CacheShape shape, int slots, bool hasLow)
{
    /// <summary>Tokens of the prompt's end that count.</summary>
    public const int Tokens = 128;

    private readonly float[] _weight = new float[shape.Units], _keys = new float[shape.Units];
    private readonly int[] _units = new int[shape.Units];
    private int _next, _count;
    private bool _isPrompt;

    /// <summary>Slices that were asked for.</summary>
    public long Asked { get; private set; }

    /// <summary>A pass begins; with the first one that only decodes the prompt is over.</summary>
    public void Begin(bool isDecode, bool isNew)
    {
        if (isNew) Array.Clear(_weight);
        if (isDecode && _isPrompt) Plan();
        if (!isDecode) _count = 0;
        _isPrompt = !isDecode;
    }

    /// <summary>What the rows of a prompt chose in a layer: a row counts until <see cref="Tokens"/> have come after
    /// it.</summary>
    public void Count(int layer, Routing routing)
    {
        if (!_isPrompt) return;
        int rows = routing.Slots / routing.Used, first = Math.Max(0, rows - Tokens);
        Span<float> weight = _weight.AsSpan(shape.Unit(layer, 0), shape.Experts);
        float stays = 1 - (float)(rows - first) / Tokens;
        foreach (ref float w in weight) w *= stays;
        for (int i = first * routing.Used; i < routing.Slots; i++) weight[routing.Experts[i]] += routing.Weights[i];
    }

    /// <summary>Between layers.</summary>
    public void Continue()
    {
        while (_next < _count && residency.IsIdle)
        {
            // First HI of all, then LO of all.
            int unit = _units[_next % (hasLow ? _count / 2 : _count)];
            int slice = hasLow && _next >= _count / 2 ? CacheShape.Lo(unit) : CacheShape.Hi(unit);
            _next++;
            if (residency.IsReady(slice)) continue;
            if (residency.Want(slice, ReadPriority.Idle)) Asked++;
        }
    }

    private void Plan()
    {
        for (int u = 0; u < _units.Length; u++) (_units[u], _keys[u]) = (u, -_weight[u]);
        Array.Sort(_keys, _units);
        int heavy = 0;
        while (heavy < _keys.Length && _keys[heavy] < 0) heavy++;
        int units = Math.Min(heavy, hasLow ? slots / 2 : slots);
        (_next, _count) = (0, hasLow ? 2 * units : units);
    }
}
