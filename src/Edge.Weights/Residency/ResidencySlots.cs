namespace Edge.Weights;

/// <summary>Which slot a slice gets.</summary>
public sealed unsafe partial class Residency
{
    /// <summary>A slot for the slice, free or freed; −1 when there is none.</summary>
    private int TakeSlot(int slice, ReadPriority priority)
    {
        int wanted = _slices[slice].Class, slot = _slots.Take(wanted);
        if (slot >= 0 || _policy is null) return slot;
        int count = Candidates(wanted, protectedToo: false);
        if (count == 0 && priority == ReadPriority.Demand) count = Candidates(wanted, protectedToo: true);
        if (count == 0) return -1;
        int victim = _candidates[_policy.Victim(_candidates.AsSpan(0, count))];
        if (priority == ReadPriority.Idle && _policy.Worth(victim) >= _policy.Worth(slice)) return -1;
        Free(victim);
        return _slots.Take(wanted);
    }

    private int Candidates(int slotClass, bool protectedToo)
    {
        int count = 0;
        for (int slot = 0; slot < _ownerOf.Length; slot++)
        {
            int owner = _ownerOf[slot];
            if (owner < 0 || _state[owner] != State.Ready || _pins[owner] > 0) continue;
            if (_slots.ClassOf(slot) != slotClass || _protected[owner] && !protectedToo) continue;
            _candidates[count++] = owner;
        }
        return count;
    }

    private void Free(int slice)
    {
        int slot = _slotOf[slice];
        for (int r = 0; r < _slices[slice].Ranges.Count; r++) *Cell(slice, r) = null;
        (_state[slice], _ownerOf[slot]) = (State.Absent, -1);
        _slots.Give(slot);
    }
}
