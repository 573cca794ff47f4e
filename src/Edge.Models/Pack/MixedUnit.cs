using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>A matrix, or a stack of them, whose type is to be chosen: its possible types by falling error, what each
/// takes and what it costs.</summary>
internal sealed class MixedUnit(GgufTensor tensor, long matrix, QuantType[] options)
{
    public GgufTensor Tensor { get; } = tensor;
    /// <summary>Of a stack whose matrices are chosen one by one; else −1.</summary>
    public long Matrix { get; } = matrix;
    public QuantType[] Options { get; } = options;
    /// <summary>Of each option: bytes in the file.</summary>
    public long[] Bytes { get; } = new long[options.Length];
    /// <summary>Of each option: the squared relative error of what the matrix computes, times how much it
    /// matters.</summary>
    public double[] Loss { get; } = new double[options.Length];
    public int Choice { get; set; }
    public QuantType Chosen => Options[Choice];

    /// <summary>The option that gains most per byte over <paramref name="from"/>; −1 when none gains.</summary>
    public int Next(int from, out double gainPerByte)
    {
        (int best, gainPerByte) = (-1, 0);
        for (int i = from + 1; i < Options.Length; i++)
        {
            double gain = (Loss[from] - Loss[i]) / Math.Max(Bytes[i] - Bytes[from], 1);
            if (gain > gainPerByte) (best, gainPerByte) = (i, gain);
        }
        return best;
    }
}
