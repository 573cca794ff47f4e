namespace Edge.Kernels;

/// <summary>ggml's blocks as the file has them (<see cref="Blocks"/>), one weight at a time.</summary>
public static unsafe class BlocksScalar
{
    /// <summary>Decodes one row to float32. Shapes: row is the row's first byte; y is float[columns].</summary>
    public static void Decode(byte* row, float* y, long columns, int format)
    {
        for (long c = 0; c < columns; c += 16)
        {
            float scale = Scale(row, c, format), offset = Blocks.HasOffset(format) ? Offset(row, c, format) : 0;
            for (long i = 0; i < 16; i++)
            {
                float product = Quant(row, c + i, format) * scale;
                y[c + i] = Blocks.HasOffset(format) ? product + offset : product;
            }
        }
    }

    /// <summary>The integer of column c.</summary>
    internal static int Quant(byte* row, long c, int format)
    {
        long i = c & 31, g = c / 32;
        int high = (int)(i >> 4) * 4;
        if (format is Blocks.Q4_1 or Blocks.Q5_0 or Blocks.Q5_1 or Blocks.IQ4_NL or Blocks.MXFP4)
        {
            long bytes = Blocks.RowBytes(32, format);
            byte* small = row + g * bytes;
            int q = small[bytes - 16 + (i & 15)] >> high & 15;
            if (format is Blocks.IQ4_NL or Blocks.MXFP4) return TableEntry(q, format);
            if (format == Blocks.Q5_0) return (q | (int)(*(uint*)(small + 2) >> (int)i & 1) << 4) - 16;
            return format == Blocks.Q5_1 ? q | (int)(*(uint*)(small + 4) >> (int)i & 1) << 4 : q;
        }
        if (format == Blocks.I2_S) return (row[4 + g / 4 * 32 + i] >> (6 - 2 * (int)(g & 3)) & 3) - 1;
        byte* block = row + c / 256 * Blocks.BlockBytes(format);
        g &= 7;
        int pair = (int)(g & 3) * 2, nibble = (int)(g & 1) * 4;
        return format switch
        {
            Blocks.Q2_K => block[16 + g / 4 * 32 + i] >> pair & 3,
            Blocks.Q3_K => (block[32 + g / 4 * 32 + i] >> pair & 3) + (block[i] >> (int)g & 1) * 4 - 4,
            Blocks.Q4_K => block[16 + g / 2 * 32 + i] >> nibble & 15,
            Blocks.Q5_K => block[48 + g / 2 * 32 + i] >> nibble & 15 | (block[16 + i] >> (int)g & 1) << 4,
            Blocks.Q6_K => (block[g / 4 * 64 + (g & 1) * 32 + i] >> (int)(g & 2) * 2 & 15
                | (block[128 + g / 4 * 32 + i] >> pair & 3) << 4) - 32,
            Blocks.IQ4_XS => TableEntry(block[8 + g * 16 + (i & 15)] >> high & 15, format),
            Blocks.TQ1_0 => Trit(block, c & 255) - 1,
            _ => (block[g / 4 * 32 + i] >> pair & 3) - 1,
        };
    }

    /// <summary>The scale of column c.</summary>
    public static float Scale(byte* row, long c, int format)
    {
        if (format == Blocks.I2_S) return *(float*)row;
        if (format == Blocks.MXFP4) return ScaleMXFP4(row[c / 32 * 17]);
        if (format is Blocks.Q4_1 or Blocks.Q5_0 or Blocks.Q5_1 or Blocks.IQ4_NL)
            return FloatScalar.FromF16(*(ushort*)(row + c / 32 * Blocks.RowBytes(32, format)));
        byte* block = row + c / 256 * Blocks.BlockBytes(format);
        long g = c / 32 & 7, half = c / 16 & 15;
        return format switch
        {
            Blocks.Q2_K => FloatScalar.FromF16(*(ushort*)(block + 80)) * (block[half] & 15),
            Blocks.Q3_K => FloatScalar.FromF16(*(ushort*)(block + 108)) * ScaleQ3_K(block + 96, half),
            Blocks.Q4_K or Blocks.Q5_K => FloatScalar.FromF16(*(ushort*)block) * SixBits(block + 4, g),
            Blocks.Q6_K => FloatScalar.FromF16(*(ushort*)(block + 208)) * ((sbyte*)block)[192 + half],
            Blocks.IQ4_XS => ScaleIQ4_XS(block, g),
            Blocks.TQ1_0 => FloatScalar.FromF16(*(ushort*)(block + 52)),
            _ => FloatScalar.FromF16(*(ushort*)(block + 64)),
        };
    }

    /// <summary>What is added to column c, in formats that have it.</summary>
    internal static float Offset(byte* row, long c, int format)
    {
        if (format is Blocks.Q4_1 or Blocks.Q5_1)
            return FloatScalar.FromF16(((ushort*)(row + c / 32 * Blocks.RowBytes(32, format)))[1]);
        byte* block = row + c / 256 * Blocks.BlockBytes(format);
        return format == Blocks.Q2_K
            ? -(FloatScalar.FromF16(*(ushort*)(block + 82)) * (block[c / 16 & 15] >> 4))
            : -(FloatScalar.FromF16(((ushort*)block)[1]) * SixBitsMin(block + 4, c / 32 & 7));
    }

    /// <summary>Q4_K's scale g of eight: six bits, those beyond the fourth in two places.</summary>
    internal static int SixBits(byte* scales, long g) =>
        g < 4 ? scales[g] & 63 : scales[g + 4] & 15 | scales[g - 4] >> 6 << 4;

    /// <summary>… and its offset.</summary>
    internal static int SixBitsMin(byte* scales, long g) =>
        g < 4 ? scales[g + 4] & 63 : scales[g + 4] >> 4 | scales[g] >> 6 << 4;

    /// <summary>Q3_K's scale of 16 columns: four low bits and two high ones.</summary>
    internal static int ScaleQ3_K(byte* scales, long half) =>
        (scales[half & 7] >> (int)(half >> 3) * 4 & 15
            | (scales[8 + (half & 3)] >> (int)(half >> 2) * 2 & 3) << 4) - 32;

    internal static float ScaleIQ4_XS(byte* block, long g) =>
        FloatScalar.FromF16(*(ushort*)block) * (WordIQ4_XS(block, g) - 32);

    /// <summary>Its six bits, in two places.</summary>
    internal static int WordIQ4_XS(byte* block, long g) =>
        block[4 + g / 2] >> (int)(g & 1) * 4 & 15 | (((ushort*)block)[1] >> (int)g * 2 & 3) << 4;

    /// <summary>Half of 2^(e − 127): the table has doubled values.</summary>
    internal static float ScaleMXFP4(byte exponent)
    {
        uint bits = exponent < 2 ? 0x00200000u << exponent : (uint)(exponent - 1) << 23;
        return *(float*)&bits;
    }

    internal static int TableEntry(int nibble, int format)
    {
        // Bytes of two words: E2M1 doubled, or ggml's table of IQ4_NL.
        ulong low = format == Blocks.MXFP4 ? 0x0C08060403020100 : 0xF6EADDCFBFAD9881;
        ulong high = format == Blocks.MXFP4 ? 0xF4F8FAFCFDFEFF00 : 0x7159453526190D01;
        return (sbyte)((nibble < 8 ? low : high) >> (nibble & 7) * 8);
    }

    private static int Trit(byte* block, long c)
    {
        long at = c < 160 ? c % 32 : c < 240 ? 32 + c % 16 : 48 + c % 4;
        long digit = c < 160 ? c / 32 : c < 240 ? (c - 160) / 16 : (c - 240) / 4;
        int rest = block[at];
        for (long i = 0; i < digit; i++) rest = rest * 3 & 255;
        return rest * 3 >> 8;
    }
}
