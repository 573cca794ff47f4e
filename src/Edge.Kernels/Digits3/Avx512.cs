namespace Edge.Kernels;

/// <summary>AVX-512 twin of <see cref="Digits3Scalar"/>, the same bits: multiplies four tokens and more, and
/// leaves the rest to <see cref="Digits3Avx2"/>.</summary>
public static unsafe class Digits3Avx512
{
    /// <inheritdoc cref="Digits3Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Digits3Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx512.AddGroups);
}
