namespace Edge.Kernels;

/// <summary>AVX-VNNI twin of <see cref="Ternary2Scalar"/>, the same bits: multiplies four tokens and more, and
/// leaves the rest to <see cref="Ternary2Avx2"/>.</summary>
public static unsafe class Ternary2AvxVnni
{
    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Ternary2Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvxVnni.Sum);
}
