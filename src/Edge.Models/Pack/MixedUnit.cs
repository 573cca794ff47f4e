using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>What a matrix may become: a type, and a share of its weights that is kept apart.</summary>
internal readonly record struct MixedOption(QuantType Type, double Outliers = 0);

/// <summary>A matrix, or a stack of them, whose type is to be chosen: its options by rising size, what each takes and
/// what it costs.</summary>
internal sealed class MixedUnit
{
    private readonly string _name;

    /// <summary><paramref name="matrix"/>: of a stack whose matrices are chosen one by one; else −1.
    /// <paramref name="types"/>: what they may become; digits also with that share of outliers, 0 for none.</summary>
    public MixedUnit(GgufTensor tensor, long matrix, QuantType[] types, double outliers)
    {
        (Tensor, Matrix) = (tensor, matrix);
        _name = matrix < 0 ? tensor.Name : Models.Tensors.ExpertName(tensor.Name, matrix);
        var options = new List<(MixedOption Option, PackSize Size)>();
        foreach (QuantType type in types)
        {
            var plain = new PlannedTensor(tensor, _name, type, null) { Matrix = matrix };
            options.Add((new(type), PackSize.Of(plain)));
            if (outliers > 0 && plain.WithOutliers(outliers).Outliers is { } kept)
                options.Add((new(type, outliers), PackSize.Of(plain) + PackSize.Of(kept)));
        }
        options.Sort((a, b) => a.Size.Bytes.CompareTo(b.Size.Bytes));
        (Options, Sizes) = (new MixedOption[options.Count], new PackSize[options.Count]);
        for (int i = 0; i < options.Count; i++) (Options[i], Sizes[i]) = options[i];
        Loss = new double[options.Count];
    }

    public GgufTensor Tensor { get; }
    public long Matrix { get; }
    public MixedOption[] Options { get; }
    /// <summary>Of each option: what it takes in the file, entries of the header included.</summary>
    public PackSize[] Sizes { get; }
    /// <summary>Of each option: the squared relative error of what the matrix computes, times how much it
    /// matters.</summary>
    public double[] Loss { get; }
    public int Choice { get; set; }

    /// <summary>The tensor that the choice makes it.</summary>
    public PlannedTensor Planned() =>
        new PlannedTensor(Tensor, _name, Options[Choice].Type, null) { Matrix = Matrix }
            .WithOutliers(Options[Choice].Outliers);

    /// <summary>The option that gains most per byte over <paramref name="from"/>; −1 when none gains.</summary>
    public int Next(int from, out double gainPerByte)
    {
        (int best, gainPerByte) = (-1, 0);
        for (int i = from + 1; i < Options.Length; i++)
        {
            double gain = (Loss[from] - Loss[i]) / Math.Max(Sizes[i].Bytes - Sizes[from].Bytes, 1);
            if (gain > gainPerByte) (best, gainPerByte) = (i, gain);
        }
        return best;
    }
}
