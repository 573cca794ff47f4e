using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>A tensor of the packed file and the one that it is made of.</summary>
internal sealed record PlannedTensor(GgufTensor Source, string Name, QuantType Type, string? Note)
{
    public bool IsKept => Source.Type == Type;
}
