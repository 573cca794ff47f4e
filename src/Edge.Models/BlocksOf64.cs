namespace Edge.Models;

/// <summary>I2_S as bitnet.cpp on ARM writes it, to the form of 128 columns.
/// <para>Layout: both have two bits a weight, which is them less 1, and the first part of a block's columns in the
/// highest bits of its bytes: byte i of 16 has columns i, i + 16, i + 32, i + 48 of 64; byte i of 32 has columns i,
/// i + 32, i + 64, i + 96 of 128. The matrix's scale stands behind its rows.</para>
/// <para>Source: quantize_i2_s of bitnet.cpp (src/ggml-bitnet-mad.cpp), QK_I2_S.</para></summary>
internal static unsafe class BlocksOf64
{
    private const int Part = 16;

    /// <summary>Bytes of a row in blocks of 128, the last of which may be half full.</summary>
    public static long WideBytes(long columns) => (columns + 127) / 128 * 32;

    /// <summary>One row. Shapes: columns are a multiple of 64; what is no column becomes 0.</summary>
    public static void Widen(byte* from, byte* to, long columns)
    {
        new Span<byte>(to, checked((int)WideBytes(columns))).Clear();
        for (long part = 0; part < columns / Part; part++)
        {
            // 16 columns of a block of 64 are half of a quarter of a block of 128.
            byte* block = from + part / 4 * Part, target = to + part / 8 * 32 + part % 2 * Part;
            int shift = 6 - 2 * (int)(part % 4), upTo = 6 - 2 * (int)(part / 2 % 4);
            for (int i = 0; i < Part; i++) target[i] |= (byte)((block[i] >> shift & 3) << upTo);
        }
    }

    /// <summary>A matrix with its scale, to memory that the caller disposes.</summary>
    public static NativeArena Widen(byte* from, long rows, long columns, out byte* matrix)
    {
        long narrow = columns / 4, wide = WideBytes(columns), bytes = checked(rows * wide + sizeof(float));
        var memory = new NativeArena(bytes);
        matrix = memory.Take(bytes);
        for (long r = 0; r < rows; r++) Widen(from + r * narrow, matrix + r * wide, columns);
        *(float*)(matrix + rows * wide) = *(float*)(from + rows * narrow);
        return memory;
    }
}
