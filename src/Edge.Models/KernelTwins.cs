namespace Edge.Models;

/// <summary>Which file of a family does its work in a kernel set: the vector twins that each family has beside its
/// Scalar. Says to people what <see cref="KernelSet.All"/> says to the compiler; a test holds both together.</summary>
internal static class KernelTwins
{
    private static readonly Dictionary<string, string[]> Preferred = new()
    {
        ["avx2"] = ["Avx2"],
        ["neon+dp"] = ["NeonDot", "Neon"],
        ["neon"] = ["Neon"],
        ["scalar"] = [],
    };

    private static readonly string[] Dotted = ["Q8_0", "Q4_0"];

    /// <summary>The family's files besides Scalar.cs, without their ending.</summary>
    public static IReadOnlyList<string> Of(string family) =>
        Dotted.Contains(family) ? ["Avx2", "Neon", "NeonDot"] : ["Avx2", "Neon"];

    /// <summary>Path in the repository.</summary>
    public static string File(string family, string variant) =>
        $"src/Edge.Kernels/{family}/{Preferred[variant].FirstOrDefault(Of(family).Contains) ?? "Scalar"}.cs";
}
