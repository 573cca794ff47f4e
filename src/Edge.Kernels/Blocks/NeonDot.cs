namespace Edge.Kernels;

/// <summary>NEON twin of <see cref="BlocksScalar"/> for cores with the dot product: the body of
/// <see cref="BlocksNeon"/>.</summary>
public static unsafe class BlocksNeonDot
{
    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_1, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_0, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_1, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q2_K, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q3_K, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_K, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_K, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q6_K, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_NL, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_XS, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ1_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ1_0, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ2_0, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.I2_S, hasDot: true);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksNeon.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.MXFP4, hasDot: true);
}
