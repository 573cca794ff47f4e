using Edge.Gguf;

namespace Edge.Models;

/// <summary>A shape that matrices of a model have, and how many of them one token passes.</summary>
internal sealed record ModelMatrix(QuantType Type, long Rows, long Columns, long Uses, long ModelBytes)
{
    /// <summary>The shapes of a file, in its order; a stack counts as its experts that are used.</summary>
    public static List<ModelMatrix> Of(GgufFile file, ModelConfig config)
    {
        bool tied = file.Find("output.weight") is null;
        var uses = new Dictionary<(QuantType, long, long), long>();
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (tensor.Shape.Count < 2 || QuantTypes.Of(tensor.Type) is not { Runs: true, IsSparse: false })
                continue;
            if (tensor.Name == "token_embd.weight" && !tied) continue; // single rows are looked up
            // Its second plane stands for both.
            if (tensor.Type == QuantType.NESTED4_HI && file.Find(tensor.Name + Tensors.PlaneSuffix) is not null)
                continue;
            bool isStack = tensor.Shape.Count > 2;
            var shape = (tensor.Type, tensor.Shape[1], tensor.Columns);
            uses[shape] = uses.GetValueOrDefault(shape) + (isStack ? Math.Max(1, config.ExpertUsedCount) : 1);
        }
        long bytes = file.Tensors.Sum(tensor => tensor.Bytes);
        var matrices = new List<ModelMatrix>();
        foreach (((QuantType type, long rows, long columns), long count) in uses)
            matrices.Add(new ModelMatrix(type, rows, columns, count, bytes));
        return [.. matrices];
    }
}
