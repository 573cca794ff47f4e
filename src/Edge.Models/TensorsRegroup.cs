using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models;

/// <summary>Packed tensors whose kernels want larger tiles than the file has.</summary>
internal sealed unsafe partial class Tensors
{
    private bool RegroupsInPlace(GgufTensor tensor, TileLayout layout, long rows) =>
        _weights.Loading == WeightLoading.Read && QuantTypes.Of(tensor.Type) is { IsPacked: true } type
        && layout.PacksInPlace(type, rows);

    /// <summary>Where they stand, matrix by matrix: each of a stack begins on a page.</summary>
    private Matrix Regroup(GgufTensor tensor, long rows, long count, TileLayout layout)
    {
        long stackBytes = QuantTypes.Of(tensor.Type).StackBytes(rows, tensor.Columns);
        byte* weights = _weights.Address(tensor);
        for (long i = 0; i < count; i++)
            RequireFinite(tensor, PackInPlace(tensor, layout, weights + i * stackBytes, rows));
        return InPlace(tensor, weights, rows, count, _kernels.Tiled(tensor.Type), layout);
    }
}
