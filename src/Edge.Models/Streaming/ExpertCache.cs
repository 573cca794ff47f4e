using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>
/// The experts of a model that do not all fit: each layer's chosen ones run in waves, first those that are there, then
/// the others as they come, those with the most rows first. Who leaves is the policy's matter. Waves change when an
/// expert runs, never what it computes: rows are combined in a fixed order afterwards.
/// </summary>
internal sealed unsafe class ExpertCache
{
    private readonly Residency _residency;
    private readonly EvictionPolicy _policy;
    private readonly CacheShape _shape;
    // The layer in progress: experts that wait, hottest first, and those of the wave.
    private readonly int[] _waiting, _slices, _pinned;
    private readonly float[] _heat;
    private int _waitingCount, _pinnedCount;
    private int _layer = -1;

    public ExpertCache(Residency residency, EvictionPolicy policy, CacheShape shape, ExpertMode mode)
    {
        (_residency, _policy, _shape, Mode) = (residency, policy, shape, mode);
        _waiting = new int[shape.Experts];
        _slices = new int[shape.Experts];
        _pinned = new int[shape.Experts];
        _heat = new float[shape.Experts];
    }

    public ExpertMode Mode { get; }
    public long Passes { get; private set; }
    public long Choices { get; private set; }
    public long Degraded { get; private set; }
    public long Dropped { get; private set; }

    /// <summary>A pass begins.</summary>
    public void Begin(Batch batch)
    {
        Passes++;
        // The policy is told once, however many sequences start together.
        if (batch.Positions.Contains(0)) _policy.BeginSequence();
    }

    /// <summary>Tells the policy what a row chose from its probabilities.</summary>
    public void Routed(int layer, int position, float* scores, Routing routing, int row)
    {
        int at = row * routing.Used;
        Choices += routing.Used;
        _policy.Route(new RoutedRow
        {
            Token = position, Layer = layer, Scores = new ReadOnlySpan<float>(scores, _shape.Experts),
            Experts = new ReadOnlySpan<int>(routing.Experts + at, routing.Used),
            Weights = new ReadOnlySpan<float>(routing.Weights + at, routing.Used),
        });
    }

    /// <summary>Pins the next experts and makes them the wave; false when all of the layer have run. Errors:
    /// WeightReadException.</summary>
    public bool NextWave(int layer, Routing routing)
    {
        if (_layer < 0) Open(layer, routing);
        else Unpin();
        // Pinned before anything else is asked for, which may drive out what is not.
        PinReady();
        Ask();
        while (_pinnedCount == 0 && _waitingCount > 0)
        {
            if (!AwaitOne()) _residency.AwaitLanding();
            PinReady();
            Ask();
        }
        if (_pinnedCount == 0)
        {
            _layer = -1;
            return false;
        }
        routing.BeginWave();
        for (int i = 0; i < _pinnedCount; i++) routing.AddToWave(_pinned[i]);
        return true;
    }

    /// <summary>After a pass that failed.</summary>
    public void Reset() => (_layer, _waitingCount, _pinnedCount) = (-1, 0, 0);

    private int Slice(int expert) => CacheShape.Hi(_shape.Unit(_layer, expert));

    /// <summary>Sorts the layer's experts by how many rows, and what weight, wait for them; those that are there are
    /// the first wave.</summary>
    private void Open(int layer, Routing routing)
    {
        _layer = layer;
        _waitingCount = 0;
        Array.Clear(_heat);
        for (int i = 0; i < routing.Slots; i++) _heat[routing.Experts[i]] += 1 + routing.Weights[i];
        for (int e = 0; e < routing.ExpertCount; e++)
        {
            if (routing.CountOf(e) == 0) continue;
            int at = _waitingCount++;
            for (; at > 0 && _heat[_waiting[at - 1]] < _heat[e]; at--) _waiting[at] = _waiting[at - 1];
            _waiting[at] = e;
        }
        int all = _waitingCount;
        PinReady();
        _residency.Count(_pinnedCount, all - _pinnedCount);
    }

    /// <summary>Asks for as many of those that wait as slots allow. Slots of the wave are pinned: it goes on after
    /// it.</summary>
    private void Ask()
    {
        for (int i = 0; i < _waitingCount; i++)
            if (!_residency.Want(Slice(_waiting[i]), ReadPriority.Demand)) return;
    }

    /// <summary>Waits until one of those that were asked for is there; false when none is on its way.</summary>
    private bool AwaitOne()
    {
        int coming = 0;
        for (int i = 0; i < _waitingCount; i++)
            if (_residency.IsComing(Slice(_waiting[i]))) _slices[coming++] = Slice(_waiting[i]);
        if (coming == 0) return false;
        _residency.WaitAny(_slices.AsSpan(0, coming));
        return true;
    }

    private void PinReady()
    {
        int left = 0;
        for (int i = 0; i < _waitingCount; i++)
        {
            if (_residency.TryPin(Slice(_waiting[i]))) _pinned[_pinnedCount++] = _waiting[i];
            else _waiting[left++] = _waiting[i];
        }
        _waitingCount = left;
    }

    private void Unpin()
    {
        for (int i = 0; i < _pinnedCount; i++) _residency.Unpin(Slice(_pinned[i]));
        _pinnedCount = 0;
    }
}
