namespace Edge.Models;

/// <summary>Angles of the rotary embedding: frequencies fixed at load, cosines and sines made once per pass for the
/// positions of its rows and shared by all layers.</summary>
internal sealed unsafe class RopeTables
{
    private readonly double[] _frequencies;
    private readonly double _magnitude = 1;

    /// <summary><paramref name="factors"/> (rope_freqs.weight) divides frequencies; null: none.</summary>
    public RopeTables(ModelConfig config, float* factors, NativeArena memory, int rowsMax)
    {
        Half = config.KeyLength / 2;
        Cos = memory.TakeFloats((long)rowsMax * Half);
        Sin = memory.TakeFloats((long)rowsMax * Half);
        _frequencies = new double[Half];
        RopeScaling scaling = config.RopeScaling;
        if (scaling.Kind == RopeScalingKind.Yarn)
            _magnitude = scaling.AttnFactor * (1 + 0.1 * Math.Log(Math.Max(1, scaling.Factor)));
        for (int i = 0; i < Half; i++)
        {
            double frequency = Math.Pow(config.RopeFreqBase, -2.0 * i / config.KeyLength);
            if (factors != null) frequency /= factors[i];
            _frequencies[i] = scaling.Kind switch
            {
                RopeScalingKind.Linear => frequency / scaling.Factor,
                RopeScalingKind.Yarn => Yarn(config, frequency, i),
                RopeScalingKind.Llama3 => Llama3(scaling, frequency),
                _ => frequency,
            };
        }
    }

    /// <summary>Angles per row: half the head size.</summary>
    public int Half { get; }
    /// <summary>float[rows][Half].</summary>
    public float* Cos { get; }
    public float* Sin { get; }

    public void Fill(ReadOnlySpan<int> positions)
    {
        for (int row = 0; row < positions.Length; row++)
        {
            for (int i = 0; i < Half; i++)
            {
                (double sin, double cos) = Math.SinCos(positions[row] * _frequencies[i]);
                Cos[row * Half + i] = (float)(cos * _magnitude);
                Sin[row * Half + i] = (float)(sin * _magnitude);
            }
        }
    }

    /// <summary>Source: YaRN (arXiv 2309.00071), section 3.2: slow dimensions are interpolated, fast ones kept, a ramp
    /// between the dimensions that turn beta_slow and beta_fast times within the original context.</summary>
    private static double Yarn(ModelConfig config, double frequency, int i)
    {
        RopeScaling scaling = config.RopeScaling;
        double low = Math.Max(0, Math.Floor(Dimension(config, scaling.YarnBetaFast)));
        double high = Math.Min(config.KeyLength - 1, Math.Ceiling(Dimension(config, scaling.YarnBetaSlow)));
        double kept = 1 - Math.Clamp((i - low) / Math.Max(0.001, high - low), 0, 1);
        return frequency / scaling.Factor * (1 - kept) + frequency * kept;
    }

    private static double Dimension(ModelConfig config, double turns) =>
        config.KeyLength * Math.Log(config.RopeScaling.OriginalContextLength / (turns * 2 * Math.PI))
        / (2 * Math.Log(config.RopeFreqBase));

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
