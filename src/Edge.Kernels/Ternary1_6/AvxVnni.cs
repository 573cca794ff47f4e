namespace Edge.Kernels;

/// <summary>AVX-VNNI twin of <see cref="Ternary1_6Scalar"/>, the same bits: multiplies four tokens and more, and
/// leaves the rest to <see cref="Ternary1_6Avx2"/>.</summary>
public static unsafe class Ternary1_6AvxVnni
{
    /// <inheritdoc cref="Ternary1_6Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Ternary1_6Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvxVnni.Sum);
}
