namespace Edge.Kernels;

/// <summary>AVX-VNNI twin of <see cref="Digits4Scalar"/>, the same bits: multiplies four tokens and more, and
/// leaves the rest to <see cref="Digits4Avx2"/>.</summary>
public static unsafe class Digits4AvxVnni
{
    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Digits4Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvxVnni.AddGroups);
}
