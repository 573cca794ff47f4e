using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>A tensor of the packed file and the one that it is made of, or the one matrix of its stack.</summary>
internal sealed record PlannedTensor(GgufTensor Source, string Name, QuantType Type, string? Note)
{
    /// <summary>The only matrix of the stack that it takes; −1: all.</summary>
    public long Matrix { get; init; } = -1;

    /// <summary>What it keeps apart from its digits; null: nothing.</summary>
    public PlannedTensor? Outliers { get; init; }
    /// <summary>Of outliers: words of each matrix's; 0 for any other tensor.</summary>
    public long Words { get; init; }
    /// <summary>Of outliers: the type of their matrix.</summary>
    public QuantType Digits { get; init; }

    public bool IsKept => Source.Type == Type;
    public long FirstMatrix => Math.Max(Matrix, 0);
    public long EndMatrix => Matrix < 0 ? PackSource.Matrices(Source) : Matrix + 1;

    public IReadOnlyList<long> Shape => Words > 0
        ? Matrix < 0 && Source.Shape.Count > 2 ? [Words, 1, .. Source.Shape.Skip(2)] : [Words, 1]
        : Matrix < 0 ? Source.Shape : [Source.Shape[0], Source.Shape[1]];

    /// <summary>Bytes of the source that it reads.</summary>
    public long SourceBytes => (EndMatrix - FirstMatrix) * PackSource.MatrixBytes(Source);

    public long Bytes => QuantTypes.Bytes(Type, Shape.ToArray());

    /// <summary>The same tensor with a share of its weights kept apart, where its type and shape allow it.</summary>
    public PlannedTensor WithOutliers(double share)
    {
        long rows = Source.Shape.Count > 1 ? Source.Shape[1] : 1;
        // What packing keeps to the bit has nothing to spare.
        if (!SparseWeights.MayHave(Type) || QuantTypes.Of(Source.Type).ExactlyAs == Type
            || OutlierChoice.Count(rows, Source.Columns, share) == 0) return this;
        if (Source.Columns > SparseWeights.ColumnsMax)
            return this with { Note = Note ?? $"{Source.Columns} columns are too many for outliers" };
        QuantType values = OutlierChoice.TypeFor(Source.Type);
        return this with
        {
            Outliers = new PlannedTensor(Source, Name + Tensors.OutliersSuffix, values, null)
            {
                Matrix = Matrix, Digits = Type, Words = OutlierChoice.Words(rows, Source.Columns, share),
            },
        };
    }

    /// <summary>Its row in the table, with what packing cost it.</summary>
    public PackedTensor Row(double rms, double worst, double output) => new(Name, Source.Type.ToString(),
        Type.ToString(), Words > 0 ? EndMatrix - FirstMatrix : Matrix < 0 ? Source.Rows : Source.Shape[1],
        Words > 0 ? Words : Source.Columns, Bytes, rms, worst, output, Note)
    {
        OutlierShare = Outliers is null ? 0
            : (Outliers.Words - Source.Shape[1] - 1) / ((double)Source.Shape[1] * Source.Columns),
    };
}
