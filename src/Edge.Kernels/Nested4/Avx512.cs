namespace Edge.Kernels;

/// <summary>AVX-512 twin of <see cref="Nested4Scalar"/>, the same bits: multiplies four tokens and more, and
/// leaves the rest to <see cref="Nested4Avx2"/>.</summary>
public static unsafe class Nested4Avx512
{
    /// <inheritdoc cref="Nested4Scalar.Coarse"/>
    public static void Coarse(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        Digits2Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, true, &CodesAvx512.AddGroups);

    /// <inheritdoc cref="Nested4Scalar.Rows"/>
    public static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Nested4Avx2.Rows(hi, lo, x, y, columns, row0, row1, tokens, yStride, &CodesAvx512.AddGroups);
}
