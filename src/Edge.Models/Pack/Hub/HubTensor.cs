using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>How a matrix stands in the folder.</summary>
internal enum HubForm { Float, Gptq, Awq, BitNet, Mxfp4, Made }

/// <summary>One matrix of a tensor, as it stands in the files: <paramref name="Rows"/> rows of
/// <paramref name="Columns"/> of an entry, from <paramref name="FirstRow"/> on.</summary>
internal sealed record HubPart(SafetensorsEntry Weights, long FirstRow, long Rows, long Columns)
{
    /// <summary>Rows become columns.</summary>
    public bool IsTransposed { get; init; }
    /// <summary>Then every <see cref="Step"/>th row is taken, from this one on.</summary>
    public long Select { get; init; }
    public long Step { get; init; } = 1;
    /// <summary>Of quantised weights.</summary>
    public SafetensorsEntry? Scales { get; init; }
    public SafetensorsEntry? Zeros { get; init; }
    public SafetensorsEntry? Groups { get; init; }

    public long RowsMade => (IsTransposed ? Columns : Rows) / Step;
    public long ColumnsMade => IsTransposed ? Rows : Columns;
    /// <summary>Rows stand as they do in the entry.</summary>
    public bool IsPlain => !IsTransposed && Step == 1;
}

/// <summary>One tensor of the packed file and where its matrices come from.</summary>
internal sealed class HubTensor(GgufTensor tensor, HubForm form, HubPart[] parts)
{
    public GgufTensor Tensor { get; } = tensor;
    public HubForm Form { get; } = form;
    public HubPart[] Parts { get; } = parts;
    /// <summary>Heads whose rows are reordered; 0: rows stay.</summary>
    public int PermutedHeads { get; init; }
    /// <summary>1 is added to every value.</summary>
    public bool IsNormLessOne { get; init; }
    /// <summary>Why 4-bit weights are float32 here; null where they are not.</summary>
    public string? Note { get; init; }
    /// <summary>Values of a tensor that no file has.</summary>
    public float[]? Values { get; init; }
}
