using Edge.Gguf;

namespace Edge.Models;

/// <summary>Matrices that keep some weights apart, in a tensor of its own.</summary>
internal sealed unsafe partial class Tensors
{
    /// <summary>What the tensor of a matrix's outliers has behind the name of the matrix.</summary>
    public const string OutliersSuffix = ".outliers";

    /// <summary>What a matrix keeps apart, checked; null: nothing.</summary>
    private SparseWeights? FindOutliers(GgufTensor tensor, long rows, long count)
    {
        string name = tensor.Name + OutliersSuffix;
        if (File.Find(name) is not { } found) return null;
        GgufTensor outliers = Checked(name, found.Columns, 1, count);
        if (!QuantTypes.Of(outliers.Type).IsSparse)
            throw new GgufException($"tensor '{name}' is {outliers.Type} and should be {QuantType.SPARSE_F16} or " +
                $"{QuantType.SPARSE_BF16}; the file is damaged, pack the model again", outliers.EntryOffset);
        if (!SparseWeights.MayHave(tensor.Type) || tensor.Columns > SparseWeights.ColumnsMax)
            throw new GgufException($"tensor '{name}' belongs to a matrix of {tensor.Type} with {tensor.Columns} " +
                "columns, which has no outliers; the file is damaged, pack the model again", outliers.EntryOffset);
        if (Stream?.Place(outliers) is { } place)
            return new SparseWeights(
                outliers, place.Cell, place.CellStride, rows, tensor.Columns, (int)count, _kernels);
        _pack?.RequireIntact(outliers, _weights.Address(outliers));
        var sparse = new SparseWeights(
            outliers, _weights.Address(outliers), rows, tensor.Columns, (int)count, _kernels);
        sparse.RequireSound();
        Count(outliers);
        return sparse;
    }

    private Matrix WithOutliers(GgufTensor tensor, Matrix matrix, long rows, long count) =>
        FindOutliers(tensor, rows, count) is not { } sparse ? matrix
            : matrix with { Sparse = sparse, Bytes = matrix.Bytes + sparse.Bytes };
}
