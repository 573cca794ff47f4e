using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>The sliding window of a dense model: some units (layers or matrices) stay, the others pass through a ring
/// of slots in the order in which passes need them, over and over. It reads ahead as far as the ring holds and no
/// further.
/// <para>The order is that of the layers; within them no list says it: the first pass shows it, and reads nothing ahead
/// until it has. A unit that comes out of order is read when it is asked for.</para></summary>
internal sealed class LayerWindow
{
    private readonly Residency _residency;
    private readonly bool[] _stays;
    /// <summary>Units in the order of use, as far as it is known; and each one's place in it, or −1.</summary>
    private readonly int[] _order, _placeOf;
    /// <summary>The units that the ring should hold now, the nearest first.</summary>
    private readonly int[] _next;
    private readonly int _head;
    private int _known;
    private bool _isOrdered, _wantsHead = true;
    private int _unit = -1, _pinned = -1;

    /// <summary><paramref name="stays"/>: by unit, of which the head is the last. <paramref name="isOrdered"/>: units
    /// are used in the order of their numbers.</summary>
    public LayerWindow(Residency residency, IReadOnlyList<bool> stays, int ring, bool isOrdered)
    {
        (_residency, _isOrdered, _head) = (residency, isOrdered, stays.Count - 1);
        _stays = [.. stays];
        _next = new int[ring];
        _order = new int[_stays.Length];
        _placeOf = new int[_stays.Length];
        Array.Fill(_placeOf, -1);
        for (int u = 0; u < _stays.Length && isOrdered; u++) PlaceOf(u);
        ReadAhead(0);
    }

    /// <summary>Passes so far.</summary>
    public long Passes { get; private set; }

    /// <summary>A pass begins; the head is a unit of it when <paramref name="wantsHead"/>.</summary>
    public void Begin(bool wantsHead) => _wantsHead = wantsHead;

    /// <summary>The unit is the one that was entered last: what it has is there.</summary>
    public bool IsIn(int unit) => unit == _unit;

    /// <summary>A unit is about to be used: it is waited for, the one before it leaves. Errors: WeightReadException.
    /// </summary>
    public void Enter(int unit)
    {
        if (unit == _unit) return;
        Release();
        _unit = unit;
        int place = PlaceOf(unit);
        long landings = _residency.Landings;
        ReadAhead(place);
        if (_stays[unit]) return;
        int slice = CacheShape.Hi(unit);
        bool isReady = _residency.TryPin(slice);
        _residency.Count(isReady ? 1 : 0, isReady ? 0 : 1);
        if (!isReady)
        {
            // Slots may still be filling with what a pass that failed, or went another way, had asked for.
            while (!_residency.Want(slice, ReadPriority.Demand))
            {
                _residency.AwaitLanding(landings);
                landings = _residency.Landings;
                ReadAhead(place);
            }
            _residency.Pin(slice);
        }
        _pinned = slice;
    }

    /// <summary>The pass has run: what it used is known.</summary>
    public void Leave()
    {
        Release();
        Passes++;
        _isOrdered = true;
        ReadAhead(0);
    }

    public void Reset() => (_unit, _pinned) = (-1, -1);

    private int PlaceOf(int unit)
    {
        if (_placeOf[unit] >= 0) return _placeOf[unit];
        _order[_known] = unit;
        return _placeOf[unit] = _known++;
    }

    private void Release()
    {
        _unit = -1;
        if (_pinned < 0) return;
        _residency.Unpin(_pinned);
        _residency.Drop(_pinned);
        _pinned = -1;
    }

    /// <summary>Asks for the next units in order, as many as the ring holds.</summary>
    private void ReadAhead(int place)
    {
        int count = FindNext(place);
        for (int i = 0; i < count; i++)
        {
            int slice = CacheShape.Hi(_next[i]);
            if (_residency.Want(slice, ReadPriority.Prefetch)) continue;
            DropOthers(count);
            if (!_residency.Want(slice, ReadPriority.Prefetch)) return;
        }
    }

    private int FindNext(int place)
    {
        int count = 0, units = _isOrdered ? _known : _known - place;
        for (int i = 0; i < units && count < _next.Length; i++)
        {
            int unit = _order[(place + i) % _known];
            if (_stays[unit] || unit == _head && unit != _unit && !_wantsHead) continue;
            _next[count++] = unit;
        }
        return count;
    }

    /// <summary>What the ring holds beside the next units (left by a pass that failed, or went another way) goes.
    /// </summary>
    private void DropOthers(int count)
    {
        for (int u = 0; u < _stays.Length; u++)
            if (!_stays[u] && Array.IndexOf(_next, u, 0, count) < 0) _residency.Drop(CacheShape.Hi(u));
    }
}
