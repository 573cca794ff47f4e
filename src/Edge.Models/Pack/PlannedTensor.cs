using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>A tensor of the packed file and the one that it is made of, or the one matrix of its stack.</summary>
internal sealed record PlannedTensor(GgufTensor Source, string Name, QuantType Type, string? Note)
{
    /// <summary>The only matrix of the stack that it takes; −1: all.</summary>
    public long Matrix { get; init; } = -1;

    public bool IsKept => Source.Type == Type;
    public long FirstMatrix => Math.Max(Matrix, 0);
    public long EndMatrix => Matrix < 0 ? PackSource.Matrices(Source) : Matrix + 1;

    public IReadOnlyList<long> Shape => Matrix < 0 ? Source.Shape : [Source.Shape[0], Source.Shape[1]];

    /// <summary>Bytes of the source that it reads.</summary>
    public long SourceBytes => (EndMatrix - FirstMatrix) * PackSource.MatrixBytes(Source);

    public long Bytes => QuantTypes.Bytes(Type, Shape.ToArray());
}
