using Edge.Gguf;

namespace Edge.Models.Streaming;

/// <summary>The units into which a grain divides a dense model, and what they take.</summary>
internal sealed class WindowUnits
{
    private readonly IReadOnlyList<IReadOnlyList<GgufTensor>> _units;
    private readonly bool _hasHead;

    public WindowUnits(WeightLayout layout, WindowGrain grain)
    {
        Grain = grain;
        _units = layout.Units(grain);
        _hasHead = grain == WindowGrain.MatricesAndHead && layout.Head is not null;
        foreach (IReadOnlyList<GgufTensor> unit in _units)
        {
            Bytes += BytesOf(unit);
            SlotBytes = Math.Max(SlotBytes, unit.Sum(tensor => layout.Range(tensor, 0, 1).SlotBytes));
            Streamable += unit.Count > 0 ? 1 : 0;
        }
    }

    public WindowGrain Grain { get; }
    /// <summary>Of all units, and of the slot that takes any of them.</summary>
    public long Bytes { get; }
    public long SlotBytes { get; }
    /// <summary>Units that can stream.</summary>
    public int Streamable { get; }

    /// <summary>What a ring takes: no more slots than there are units.</summary>
    public long RingBytes(int slots) => Math.Min(slots, Streamable) * SlotBytes;

    /// <summary>As many units that stay as fit into <paramref name="bytes"/>, evenly spaced: every streamed unit is
    /// followed by as much that stays as can be. At least one streams, and the head where it is a unit.</summary>
    public (bool[] Stays, long Bytes) Spread(long bytes)
    {
        int most = Streamable - 1;
        for (int pinned = most; ; pinned--)
        {
            bool[] stays = Spread(pinned, _hasHead ? most : Streamable);
            long taken = 0;
            for (int u = 0; u < stays.Length; u++) taken += stays[u] ? BytesOf(_units[u]) : 0;
            if (pinned <= 0 || taken <= bytes) return (stays, taken);
        }
    }

    private bool[] Spread(int pinned, int of)
    {
        var stays = new bool[_units.Count];
        int at = 0;
        for (int u = 0; u < stays.Length; u++)
        {
            stays[u] = _units[u].Count == 0;
            if (stays[u] || at == of) continue;
            stays[u] = (at + 1) * pinned / of > at * pinned / of;
            at++;
        }
        return stays;
    }

    private static long BytesOf(IReadOnlyList<GgufTensor> unit) => unit.Sum(tensor => tensor.Bytes);
}
