using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>The sliding window of a dense model: some layers stay, the others pass through a ring of slots in the order
/// in which passes need them, over and over. It reads ahead as far as the ring holds and no further.</summary>
internal sealed class LayerWindow
{
    private readonly Residency _residency;
    /// <summary>Slices of the layers that stream, in order; and, by layer, the index of the first at or after
    /// it.</summary>
    private readonly int[] _slices, _nextOf;
    private readonly bool[] _stays;
    private readonly int _ring;
    private int _layer = -1, _pinned = -1;

    public LayerWindow(Residency residency, IReadOnlyList<bool> stays, int ring)
    {
        (_residency, _ring) = (residency, ring);
        _stays = [.. stays];
        _slices = [.. Enumerable.Range(0, _stays.Length).Where(l => !_stays[l]).Select(CacheShape.Hi)];
        _nextOf = new int[_stays.Length];
        for (int l = 0; l < _stays.Length; l++) _nextOf[l] = _stays.AsSpan(0, l).Count(false) % _slices.Length;
        ReadAhead(0);
    }

    /// <summary>Passes so far.</summary>
    public long Passes { get; private set; }

    /// <summary>A layer is about to be used: it is waited for, the one before it leaves. Errors: WeightReadException.
    /// </summary>
    public void Enter(int layer)
    {
        if (layer == _layer) return;
        Release();
        _layer = layer;
        int next = _nextOf[layer];
        ReadAhead(next);
        if (_stays[layer]) return;
        int slice = _slices[next];
        bool isReady = _residency.TryPin(slice);
        _residency.Count(isReady ? 1 : 0, isReady ? 0 : 1);
        if (!isReady)
        {
            // Slots may still be filling with what a pass that failed had asked for.
            for (long landings = _residency.Landings; !_residency.Want(slice, ReadPriority.Demand); ReadAhead(next))
            {
                _residency.AwaitLanding(landings);
                landings = _residency.Landings;
            }
            _residency.Pin(slice);
        }
        _pinned = slice;
    }

    /// <summary>The last layer has run.</summary>
    public void Leave()
    {
        Release();
        Passes++;
        ReadAhead(0);
    }

    public void Reset() => (_layer, _pinned) = (-1, -1);

    private void Release()
    {
        _layer = -1;
        if (_pinned < 0) return;
        _residency.Unpin(_pinned);
        _residency.Drop(_pinned);
        _pinned = -1;
    }

    /// <summary>Asks for the next layers in order, as many as the ring holds; what it holds beside them (left by a pass
    /// that failed) goes.</summary>
    private void ReadAhead(int next)
    {
        for (int i = _ring; i < _slices.Length; i++) _residency.Drop(_slices[(next + i) % _slices.Length]);
        for (int i = 0; i < _ring; i++)
            if (!_residency.Want(_slices[(next + i) % _slices.Length], ReadPriority.Prefetch)) return;
    }
}
