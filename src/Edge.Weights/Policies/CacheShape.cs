namespace Edge.Weights.Policies;

/// <summary>What there is to cache. A unit is an expert of a layer, and each has two slices: all three are numbered, so
/// that policies keep plain arrays. A layer without experts has slices of 0 bytes and is never routed.</summary>
public sealed class CacheShape
{
    public const int LayersMax = 1024, ExpertsMax = 4096, UnitsMax = 1 << 18;
    private readonly long[] _hiBytes, _loBytes;

    /// <summary><paramref name="hiBytes"/> and <paramref name="loBytes"/>: of one expert, by layer; LO may be 0 where
    /// weights are not split.</summary>
    /// <remarks>Errors: ArgumentException for a shape outside the limits; a bug, or a file that was not checked.
    /// </remarks>
    public CacheShape(int experts, int used, ReadOnlySpan<long> hiBytes, ReadOnlySpan<long> loBytes)
    {
        if (Problem(hiBytes.Length, experts, used) is { } problem) throw new ArgumentException(problem);
        if (loBytes.Length != hiBytes.Length)
            throw new ArgumentException($"{hiBytes.Length} layers of HI slices and {loBytes.Length} of LO slices");
        (Layers, Experts, Used) = (hiBytes.Length, experts, used);
        (_hiBytes, _loBytes) = (hiBytes.ToArray(), loBytes.ToArray());
        for (int layer = 0; layer < Layers; layer++)
        {
            if (_hiBytes[layer] < 0 || _loBytes[layer] < 0)
                throw new ArgumentException(
                    $"layer {layer} has slices of {_hiBytes[layer]} and {_loBytes[layer]} bytes");
            CycleBytes += used * UnitBytes(layer);
            TotalBytes += experts * UnitBytes(layer);
            SliceBytesMax = Math.Max(SliceBytesMax, Math.Max(_hiBytes[layer], _loBytes[layer]));
        }
        if (TotalBytes == 0) throw new ArgumentException("no layer has experts");
    }

    public int Layers { get; }
    public int Experts { get; }
    /// <summary>Experts that a row of a layer chooses.</summary>
    public int Used { get; }
    public int Units => Layers * Experts;
    public int Slices => 2 * Units;
    /// <summary>What one token reads when nothing is cached: Σ layers used · bytes. A cache below it keeps nothing from
    /// one token to the next when it evicts what is oldest.</summary>
    public long CycleBytes { get; }
    /// <summary>All experts of all layers.</summary>
    public long TotalBytes { get; }
    public long SliceBytesMax { get; }

    /// <summary>Why these counts are no shape; null when they are one.</summary>
    public static string? Problem(int layers, int experts, int used) =>
        layers is < 1 or > LayersMax ? $"{layers} layers; 1 to {LayersMax} are possible"
        : experts is < 1 or > ExpertsMax ? $"{experts} experts; 1 to {ExpertsMax} are possible"
        : used < 1 || used > experts ? $"{used} experts used of {experts}"
        : layers * experts > UnitsMax ? $"{layers} layers of {experts} experts; {UnitsMax} units are possible"
        : null;

    public int Unit(int layer, int expert) => layer * Experts + expert;
    public int Layer(int slice) => slice / 2 / Experts;
    public static int Hi(int unit) => 2 * unit;
    public static int Lo(int unit) => 2 * unit + 1;
    public static bool IsLo(int slice) => (slice & 1) != 0;
    public static int UnitOf(int slice) => slice / 2;

    /// <summary>Layers from one to another, in the cyclic order of tokens: 0 for the same.</summary>
    public int Distance(int from, int to) => to >= from ? to - from : to - from + Layers;

    public long SliceBytes(int slice) => IsLo(slice) ? _loBytes[Layer(slice)] : _hiBytes[Layer(slice)];
    public long HiBytes(int layer) => _hiBytes[layer];
    public long LoBytes(int layer) => _loBytes[layer];
    public long UnitBytes(int layer) => _hiBytes[layer] + _loBytes[layer];
}
