using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>How a matrix stands in the folder.</summary>
internal enum HubForm { Float, Gptq, Awq, BitNet, Made }

/// <summary>One tensor of the packed file and where its matrices come from: one entry each, or the parts of a quantised
/// one.</summary>
internal sealed class HubTensor(GgufTensor tensor, HubForm form, int matrices)
{
    public GgufTensor Tensor { get; } = tensor;
    public HubForm Form { get; } = form;
    /// <summary>Of each matrix, its bytes, or those of its quantised weights.</summary>
    public SafetensorsEntry?[] Weights { get; } = new SafetensorsEntry?[matrices];
    /// <summary>Of each quantised matrix.</summary>
    public SafetensorsEntry?[] Scales { get; } = new SafetensorsEntry?[matrices];
    public SafetensorsEntry?[] Zeros { get; } = new SafetensorsEntry?[matrices];
    public SafetensorsEntry?[] Groups { get; } = new SafetensorsEntry?[matrices];
    /// <summary>Heads whose rows are reordered; 0: rows stay.</summary>
    public int PermutedHeads { get; init; }
    /// <summary>1 is added to every value.</summary>
    public bool IsNormLessOne { get; init; }
    /// <summary>Values of a tensor that no file has.</summary>
    public float[]? Values { get; init; }
}
