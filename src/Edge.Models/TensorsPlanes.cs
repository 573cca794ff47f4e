using Edge.Gguf;
using Edge.Models.Streaming;

namespace Edge.Models;

/// <summary>Matrices whose second plane is a tensor of its own.</summary>
internal sealed unsafe partial class Tensors
{
    /// <summary>The second plane of a type that has one, or null: the file may leave it out.</summary>
    private GgufTensor? FindLow(GgufTensor tensor)
    {
        if (tensor.Type != QuantType.NESTED4_HI || _coarse) return null;
        if (File.Find(tensor.Name + PlaneSuffix) is null) return null;
        GgufTensor low = Checked(tensor.Name + PlaneSuffix, tensor.Shape.ToArray());
        if (low.Type != QuantType.NESTED4_LO)
            throw new GgufException($"tensor '{low.Name}' is {low.Type} and should be {QuantType.NESTED4_LO}; " +
                "the file is damaged, pack the model again", low.EntryOffset);
        if (Stream?.Place(low) is null) _pack?.RequireIntact(low, _weights.Address(low));
        return low;
    }

    private Matrix WithLow(GgufTensor tensor, Matrix matrix, long rows, long count)
    {
        if (FindLow(tensor) is not { } low) return matrix;
        QuantTypeRow type = QuantTypes.Of(low.Type);
        long bytes = type.MatrixBytes(rows, low.Columns);
        StreamPlace? place = Stream?.Place(low);
        if (place is null) Count(low);
        return matrix with
        {
            Low = place is null ? _weights.Address(low) : null,
            LowCell = place is { } streamed ? streamed.Cell : null,
            LowStackBytes = count > 1 ? type.StackBytes(rows, low.Columns) : 0,
            LowBytes = bytes,
            Bytes = matrix.Bytes + bytes,
            Planes = _kernels.Planes(tensor.Type),
        };
    }
}
