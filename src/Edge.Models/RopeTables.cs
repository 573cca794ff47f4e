namespace Edge.Models;

/// <summary>What the angles of a rotary embedding depend on.</summary>
/// <param name="Dimensions">Elements that rotate.</param>
/// <param name="FreqBase">Turns the slowest pair by about one radian in that many positions.</param>
/// <param name="Scaling">How positions beyond the trained context are squeezed.</param>
internal readonly record struct RopeRule(int Dimensions, double FreqBase, RopeScaling Scaling);

/// <summary>Angles of the rotary embedding: frequencies fixed at load, cosines and sines made once per pass for the
/// positions of its rows and shared by all layers.</summary>
internal sealed unsafe class RopeTables
{
    private readonly double[] _frequencies;
    private readonly double[]? _longFrequencies;
    private readonly int _originalContext;
    private readonly double _magnitude;

    /// <summary><paramref name="factors"/> (rope_freqs.weight) divides frequencies; null: none.
    /// <paramref name="longFactors"/>: those of sequences that may grow beyond the original context; null: the same.
    /// </summary>
    public RopeTables(RopeRule rule, float* factors, float* longFactors, NativeArena memory, int rowsMax)
    {
        Half = rule.Dimensions / 2;
        Cos = memory.TakeFloats((long)rowsMax * Half);
        Sin = memory.TakeFloats((long)rowsMax * Half);
        RopeScaling scaling = rule.Scaling;
        _originalContext = scaling.OriginalContextLength;
        _magnitude = scaling.AttnFactor;
        if (scaling is { Kind: RopeScalingKind.Yarn, YarnLogMultiplier: 0 })
            _magnitude *= 1 + 0.1 * Math.Log(Math.Max(1, scaling.Factor));
        _frequencies = Frequencies(rule, factors);
        _longFrequencies = longFactors == null ? null : Frequencies(rule, longFactors);
    }

    /// <summary>Angles per row: half the elements that rotate.</summary>
    public int Half { get; }
    /// <summary>float[rows][Half].</summary>
    public float* Cos { get; }
    public float* Sin { get; }

    public void Fill(Batch batch)
    {
        for (int row = 0; row < batch.Count; row++)
        {
            // What a key was rotated by must hold for the life of its sequence: its capacity decides.
            bool isLong = _longFrequencies is not null && batch.Caches[row].Capacity > _originalContext;
            double[] frequencies = isLong ? _longFrequencies! : _frequencies;
            for (int i = 0; i < Half; i++)
            {
                (double sin, double cos) = Math.SinCos(batch.Positions[row] * frequencies[i]);
                Cos[row * Half + i] = (float)(cos * _magnitude);
                Sin[row * Half + i] = (float)(sin * _magnitude);
            }
        }
    }

    private static double[] Frequencies(RopeRule rule, float* factors)
    {
        var frequencies = new double[rule.Dimensions / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            double frequency = Math.Pow(rule.FreqBase, -2.0 * i / rule.Dimensions);
            if (factors != null) frequency /= factors[i];
            frequencies[i] = rule.Scaling.Kind switch
            {
                RopeScalingKind.Linear => frequency / rule.Scaling.Factor,
                RopeScalingKind.Yarn => Yarn(rule, frequency, i),
                RopeScalingKind.Llama3 => Llama3(rule.Scaling, frequency),
                _ => frequency,
            };
        }
        return frequencies;
    }

    /// <summary>Source: YaRN (arXiv 2309.00071), section 3.2: slow dimensions are interpolated, fast ones kept, a ramp
    /// between the dimensions that turn beta_slow and beta_fast times within the original context.</summary>
    private static double Yarn(RopeRule rule, double frequency, int i)
    {
        RopeScaling scaling = rule.Scaling;
        double low = Dimension(rule, scaling.YarnBetaFast), high = Dimension(rule, scaling.YarnBetaSlow);
        if (scaling.YarnTruncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(0, low), Math.Min(rule.Dimensions - 1, high));
        double kept = 1 - Math.Clamp((i - low) / Math.Max(0.001, high - low), 0, 1);
        return frequency / scaling.Factor * (1 - kept) + frequency * kept;
    }

    private static double Dimension(RopeRule rule, double turns) =>
        rule.Dimensions * Math.Log(rule.Scaling.OriginalContextLength / (turns * 2 * Math.PI))
        / (2 * Math.Log(rule.FreqBase));

    /// <summary>Source: Llama 3.1's published rule: waves longer than original / low are stretched by the factor, those
    /// shorter than original / high kept, a linear blend between.</summary>
    private static double Llama3(RopeScaling scaling, double frequency)
    {
        double waves = scaling.OriginalContextLength * frequency / (2 * Math.PI);
        double blend = (waves - scaling.LowFreqFactor) / (scaling.HighFreqFactor - scaling.LowFreqFactor);
        blend = Math.Clamp(blend, 0, 1);
        return frequency / scaling.Factor * (1 - blend) + frequency * blend;
    }
}
