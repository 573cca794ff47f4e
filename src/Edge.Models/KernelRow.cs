namespace Edge.Models;

/// <summary>One family × variant of the kernel table.</summary>
public sealed record KernelRow(string Family, string Variant, bool IsRunnable, string Needs)
{
    /// <summary>The folders of src/Edge.Kernels.</summary>
    public static IReadOnlyList<string> FamilyNames { get; } =
        ["Float", "BlockTiles", "Q8_0", "Q4_0", "Digits", "Digits2", "Digits2Lut", "Nested4", "Digits3", "Digits4",
            "Digits4x32",
            "Ternary2", "Ternary1_67",
            "Ternary1_6", "Sparse", "Activations", "Attention", "CappedAttention", "Norm", "Rope", "Softmax", "Gate",
            "Router"];

    /// <summary>The source file that does the work.</summary>
    public string File => KernelTwins.File(Family, Variant);
}
