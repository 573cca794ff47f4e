namespace Edge.Models;

/// <summary>Which file of a family does its work in a kernel set: the vector twins that each family has beside its
/// Scalar. Says to people what <see cref="KernelSet.All"/> says to the compiler; a test holds both together.</summary>
internal static class KernelTwins
{
    private static readonly Dictionary<string, string[]> Preferred = new()
    {
        ["avx2+vnni"] = ["AvxVnni", "Avx2"],
        ["avx512"] = ["Avx512", "Avx2"],
        ["avx2"] = ["Avx2"],
        ["neon+dp"] = ["NeonDot", "Neon"],
        ["neon"] = ["Neon"],
        ["scalar"] = [],
    };

    /// <summary>The family's files besides Scalar.cs, without their ending.</summary>
    public static IReadOnlyList<string> Of(string family) =>
        family switch
        {
            "Q4_0" or "Digits2" or "Digits3" or "Digits4" or "Nested4" =>
                ["AvxVnni", "Avx512", "Avx2", "Neon", "NeonDot"],
            "Ternary2" or "Ternary1_67" or "Ternary1_6" => ["AvxVnni", "Avx2", "Neon", "NeonDot"],
            "Q8_0" => ["Avx2", "Neon", "NeonDot"],
            "BlockTiles" or "Digits4x32" => ["Avx512", "Avx2", "Neon", "NeonDot"],
            "Digits2Lut" => ["Neon"],
            _ => ["Avx2", "Neon"],
        };

    /// <summary>Path in the repository.</summary>
    public static string File(string family, string variant) => (family, variant) is ("Digits2", "neon")
        ? File("Digits2Lut", variant) // Without the dot product, two bits are looked up.
        : $"src/Edge.Kernels/{family}/{Preferred[variant].FirstOrDefault(Of(family).Contains) ?? "Scalar"}.cs";
}
