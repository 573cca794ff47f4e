namespace Edge.Models;

/// <summary>Which experts the rows of a pass chose in one layer: rows of one expert stand together in "slots", so that
/// each expert's matrices run once.</summary>
internal sealed unsafe class Routing
{
    private readonly int _rowsMax;
    private readonly int* _cursor;

    public Routing(ModelConfig config, NativeArena memory, int rowsMax)
    {
        _rowsMax = rowsMax;
        Used = config.ExpertUsedCount;
        ExpertCount = config.ExpertCount;
        Experts = (int*)memory.TakeFloats((long)rowsMax * Used);
        Weights = memory.TakeFloats((long)rowsMax * Used);
        SlotOf = (int*)memory.TakeFloats((long)rowsMax * Used);
        RowOf = (int*)memory.TakeFloats((long)rowsMax * Used);
        WaveSlot = (int*)memory.TakeFloats((long)rowsMax * Used);
        FirstSlot = (int*)memory.TakeFloats(ExpertCount + 1);
        Wave = (int*)memory.TakeFloats(ExpertCount);
        _cursor = (int*)memory.TakeFloats(ExpertCount);
    }

    public static long Bytes(ModelConfig config, int rowsMax) =>
        20L * rowsMax * config.ExpertUsedCount + 12L * (config.ExpertCount + 1);

    /// <summary>Experts per row.</summary>
    public int Used { get; }
    public int ExpertCount { get; }
    public int Slots { get; private set; }
    /// <summary>int[rows][Used], best first.</summary>
    public int* Experts { get; }
    /// <summary>float[rows][Used].</summary>
    public float* Weights { get; }
    /// <summary>int[rows][Used]: where that choice is computed.</summary>
    public int* SlotOf { get; }
    /// <summary>int[slots]: whose choice it is.</summary>
    public int* RowOf { get; }
    /// <summary>int[experts + 1]: expert e owns slots FirstSlot[e] … FirstSlot[e + 1] − 1.</summary>
    public int* FirstSlot { get; }
    /// <summary>int[WaveCount]: the experts that run now.</summary>
    public int* Wave { get; }
    public int WaveCount { get; private set; }
    /// <summary>int[WaveSlots]: their slots.</summary>
    public int* WaveSlot { get; }
    public int WaveSlots { get; private set; }
    private bool _allRan;

    /// <summary>Rows that chose an expert.</summary>
    public int CountOf(int expert) => FirstSlot[expert + 1] - FirstSlot[expert];

    /// <summary>All chosen experts in one wave; false when that wave has been.</summary>
    public bool NextAll()
    {
        _allRan = !_allRan;
        return _allRan;
    }

    public void BeginWave() => (WaveCount, WaveSlots) = (0, 0);

    public void AddToWave(int expert)
    {
        Wave[WaveCount++] = expert;
        for (int slot = FirstSlot[expert]; slot < FirstSlot[expert + 1]; slot++) WaveSlot[WaveSlots++] = slot;
    }

    /// <summary>Groups the choices of <paramref name="rows"/> rows by expert; all of them are the wave.</summary>
    public void Group(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, _rowsMax);
        Slots = rows * Used;
        _allRan = false;
        new Span<int>(FirstSlot, ExpertCount + 1).Clear();
        for (int i = 0; i < Slots; i++) FirstSlot[Experts[i] + 1]++;
        for (int e = 0; e < ExpertCount; e++)
        {
            FirstSlot[e + 1] += FirstSlot[e];
            _cursor[e] = FirstSlot[e];
        }
        for (int i = 0; i < Slots; i++)
        {
            int slot = _cursor[Experts[i]]++;
            SlotOf[i] = slot;
            RowOf[slot] = i / Used;
        }
        BeginWave();
        for (int e = 0; e < ExpertCount; e++)
            if (CountOf(e) > 0) AddToWave(e);
    }
}
