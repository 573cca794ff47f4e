using Edge.Gguf;

namespace Edge.Models;

/// <summary>Stacks that stand in the file as a tensor per expert, as the first mixtures did; each may have a type of
/// its own.</summary>
internal sealed unsafe partial class Tensors
{
    private const string StackSuffix = "_exps.weight";

    /// <summary>blk.0.ffn_up_exps.weight, 3 → blk.0.ffn_up.3.weight.</summary>
    public static string ExpertName(string stack, long expert) => $"{stack[..^StackSuffix.Length]}.{expert}.weight";

    /// <summary>The stack of single tensors; null when the file has none.</summary>
    private Matrix? FindParts(string name, long rows, long columns, long experts)
    {
        if (File.Find(name) is not null || !name.EndsWith(StackSuffix, StringComparison.Ordinal)) return null;
        if (File.Find(ExpertName(name, 0)) is null) return null;
        var parts = new Matrix[experts];
        long bytes = 0;
        for (int e = 0; e < parts.Length; e++)
        {
            parts[e] = Matrix(ExpertName(name, e), rows, columns);
            bytes += parts[e].Bytes;
        }
        // One token reads some of them: the mean is what it reads of each.
        return parts[0] with
        {
            Parts = parts, Bytes = bytes / experts, StreamedUnit = parts.Max(part => part.StreamedUnit),
        };
    }
}
