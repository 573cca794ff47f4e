using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Edge.Kernels;

/// <summary>
/// ggml's blocks that are read as the file has them, row after row. Every type is the same thing to a kernel: 32
/// columns are 32 int8 with a scale and an offset per 16, w = scale · q + offset. This class cuts groups of 32 out
/// of a row; <see cref="BlocksScalar"/> says the same one weight at a time.
/// <para>I2_S is not as the file has it: each row begins with the matrix's float32 scale, which the file has behind
/// the last row.</para>
/// <para>Source: the block structs of ggml-common.h; for I2_S quantize_i2_s of bitnet.cpp (the 128-column form, in
/// which models are published; the other one becomes this one at load).</para>
/// </summary>
public static unsafe class Blocks
{
    /// <summary>Columns of a group.</summary>
    public const int Group = 32;

    // Row formats; the numbers are ggml's.
    public const int Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q2_K = 10, Q3_K = 11, Q4_K = 12, Q5_K = 13, Q6_K = 14, IQ4_NL = 20,
        IQ4_XS = 23, TQ1_0 = 34, TQ2_0 = 35, I2_S = 36, MXFP4 = 39;

    /// <summary>Bytes of a row of <paramref name="columns"/> weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RowBytes(long columns, int format) => format switch
    {
        Q4_1 => columns / 32 * 20,
        Q5_0 => columns / 32 * 22,
        Q5_1 => columns / 32 * 24,
        IQ4_NL => columns / 32 * 18,
        MXFP4 => columns / 32 * 17,
        I2_S => 4 + (columns + 127) / 128 * 32, // the last block may be half of one
        _ => columns / 256 * BlockBytes(format),
    };

    /// <summary>Bytes of a block of 256.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long BlockBytes(int format) => format switch
    {
        Q2_K => 84,
        Q3_K => 110,
        Q4_K => 144,
        Q5_K => 176,
        Q6_K => 210,
        IQ4_XS => 136,
        TQ1_0 => 54,
        _ => 66,
    };

    /// <summary>The format has an offset besides its scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasOffset(int format) => format is Q4_1 or Q5_1 or Q2_K or Q4_K or Q5_K;

    /// <summary>… and one per 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasTwoOffsets(int format) => format is Q2_K;

    /// <summary>The 16 values of a nibble, or (Q4_0 and the like) none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasTable(int format) => format is IQ4_NL or IQ4_XS or MXFP4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<sbyte> Table(int format) => format == MXFP4
        ? Vector128.Create((sbyte)0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)
        : Vector128.Create((sbyte)-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    /// <summary>Group <paramref name="group"/> of a row: 2 × 16 int8 (nibbles, where the format has a table), and
    /// scales (two) and offsets (two) in <paramref name="scales"/>, unless that is null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unpack(byte* row, long group, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        if (format is Q4_1 or Q5_0 or Q5_1 or IQ4_NL or MXFP4) Small(row, group, format, scales, out low, out high);
        else if (format is TQ1_0 or TQ2_0 or I2_S) Ternary(row, group, format, scales, out low, out high);
        else
        {
            byte* block = row + group / 8 * BlockBytes(format);
            long g = group & 7;
            if (format is Q4_K or Q5_K) Fine(block, g, format, scales, out low, out high);
            else if (format == IQ4_XS)
            {
                if (scales != null) Both(scales, BlocksScalar.ScaleIQ4_XS(block, g));
                Nibbles(block + 8 + g * 16, out low, out high);
            }
            else Halves(block, g, format, scales, out low, out high);
        }
    }

    /// <summary>Group <paramref name="group"/> of a row: 32 int8 with two scales and, if it returns true, two offsets,
    /// those of columns 0 … 15 first: w = scale · q (+ offset), as <see cref="BlocksScalar.Decode"/> has it.
    /// Shapes: q is int8[32], scales is float[4].</summary>
    public static bool Integers(byte* row, long group, int format, sbyte* q, float* scales)
    {
        Unpack(row, group, format, scales, out Vector128<sbyte> low, out Vector128<sbyte> high);
        *(Vector128<sbyte>*)q = low;
        *(Vector128<sbyte>*)(q + 16) = high;
        if (HasTable(format))
        {
            Vector128<sbyte> table = Table(format);
            for (long i = 0; i < Group; i++) q[i] = ((sbyte*)&table)[q[i]];
        }
        return HasOffset(format);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Small(byte* row, long group, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        byte* block = row + RowBytes(32, format) * group;
        if (scales != null)
        {
            Both(scales, format == MXFP4 ? BlocksScalar.ScaleMXFP4(*block) : FloatScalar.FromF16(*(ushort*)block));
            if (format is Q4_1 or Q5_1) scales[2] = scales[3] = FloatScalar.FromF16(((ushort*)block)[1]);
        }
        Nibbles(block + RowBytes(32, format) - 16, out low, out high);
        if (format is not (Q5_0 or Q5_1)) return;
        byte* bits = block + (format == Q5_0 ? 2 : 4);
        low |= Vector128.Create(Spread(bits[0]), Spread(bits[1])).AsSByte();
        high |= Vector128.Create(Spread(bits[2]), Spread(bits[3])).AsSByte();
        if (format == Q5_1) return;
        low -= Vector128.Create((sbyte)16);
        high -= Vector128.Create((sbyte)16);
    }

    /// <summary>Q4_K, Q5_K: scales and offsets of six bits per 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fine(byte* block, long g, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        if (scales != null)
        {
            Both(scales, FloatScalar.FromF16(*(ushort*)block) * BlocksScalar.SixBits(block + 4, g));
            float unit = FloatScalar.FromF16(((ushort*)block)[1]);
            scales[2] = scales[3] = -(unit * BlocksScalar.SixBitsMin(block + 4, g));
        }
        byte* quants = block + (format == Q4_K ? 16 : 48) + g / 2 * 32;
        Vector128<byte> a = *(Vector128<byte>*)quants, b = *(Vector128<byte>*)(quants + 16);
        int shift = (int)(g & 1) * 4;
        var nibble = Vector128.Create((byte)15);
        a = Right(a, shift) & nibble;
        b = Right(b, shift) & nibble;
        if (format == Q5_K)
        {
            var one = Vector128.Create((byte)1);
            a |= (Right(*(Vector128<byte>*)(block + 16), (int)g) & one) << 4;
            b |= (Right(*(Vector128<byte>*)(block + 32), (int)g) & one) << 4;
        }
        low = a.AsSByte();
        high = b.AsSByte();
    }

    /// <summary>Q2_K, Q3_K, Q6_K: scales per 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves(byte* block, long g, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        int shift = (int)(g & 3) * 2;
        var two = Vector128.Create((byte)3);
        if (format == Q6_K)
        {
            if (scales != null)
            {
                float d = FloatScalar.FromF16(*(ushort*)(block + 208));
                scales[0] = d * ((sbyte*)block)[192 + 2 * g];
                scales[1] = d * ((sbyte*)block)[193 + 2 * g];
            }
            byte* quants = block + g / 4 * 64 + (g & 1) * 32, tops = block + 128 + g / 4 * 32;
            int half = (int)(g & 2) * 2;
            var nibble = Vector128.Create((byte)15);
            var a = (Right(*(Vector128<byte>*)quants, half) & nibble)
                | (Right(*(Vector128<byte>*)tops, shift) & two) << 4;
            var b = (Right(*(Vector128<byte>*)(quants + 16), half) & nibble)
                | (Right(*(Vector128<byte>*)(tops + 16), shift) & two) << 4;
            low = a.AsSByte() - Vector128.Create((sbyte)32);
            high = b.AsSByte() - Vector128.Create((sbyte)32);
            return;
        }
        byte* q = block + (format == Q2_K ? 16 : 32) + g / 4 * 32;
        low = (Right(*(Vector128<byte>*)q, shift) & two).AsSByte();
        high = (Right(*(Vector128<byte>*)(q + 16), shift) & two).AsSByte();
        if (format == Q2_K)
        {
            if (scales == null) return;
            float d = FloatScalar.FromF16(*(ushort*)(block + 80)), min = FloatScalar.FromF16(*(ushort*)(block + 82));
            scales[0] = d * (block[2 * g] & 15);
            scales[1] = d * (block[2 * g + 1] & 15);
            scales[2] = -(min * (block[2 * g] >> 4));
            scales[3] = -(min * (block[2 * g + 1] >> 4));
            return;
        }
        if (scales != null)
        {
            float unit = FloatScalar.FromF16(*(ushort*)(block + 108));
            scales[0] = unit * BlocksScalar.ScaleQ3_K(block + 96, 2 * g);
            scales[1] = unit * BlocksScalar.ScaleQ3_K(block + 96, 2 * g + 1);
        }
        var bit = Vector128.Create((byte)1);
        low += ((Right(*(Vector128<byte>*)block, (int)g) & bit) << 2).AsSByte() - Vector128.Create((sbyte)4);
        high += ((Right(*(Vector128<byte>*)(block + 16), (int)g) & bit) << 2).AsSByte() - Vector128.Create((sbyte)4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ternary(byte* row, long group, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        Vector128<byte> a, b;
        if (format == TQ1_0)
        {
            byte* block = row + group / 8 * 54;
            if (scales != null) Both(scales, FloatScalar.FromF16(*(ushort*)(block + 52)));
            Trits(block, group & 7, out a, out b);
        }
        else
        {
            byte* quants = row + group / 8 * 66 + (group & 4) * 8;
            int shift = (int)(group & 3) * 2;
            if (format == TQ2_0)
            {
                if (scales != null) Both(scales, FloatScalar.FromF16(*(ushort*)(row + group / 8 * 66 + 64)));
            }
            else
            {
                quants = row + 4 + group / 4 * 32;
                shift = 6 - shift;
                if (scales != null) Both(scales, *(float*)row);
            }
            var two = Vector128.Create((byte)3);
            a = Right(*(Vector128<byte>*)quants, shift) & two;
            b = Right(*(Vector128<byte>*)(quants + 16), shift) & two;
        }
        low = a.AsSByte() - Vector128.Create((sbyte)1);
        high = b.AsSByte() - Vector128.Create((sbyte)1);
    }

    /// <summary>TQ1_0: five trits per byte, the first digits of fractions of 256.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Trits(byte* block, long g, out Vector128<byte> a, out Vector128<byte> b)
    {
        if (g < 5)
        {
            a = *(Vector128<byte>*)block;
            b = *(Vector128<byte>*)(block + 16);
            for (long i = 0; i < g; i++) (a, b) = (a + a + a, b + b + b);
        }
        else
        {
            a = *(Vector128<byte>*)(block + 32);
            for (long i = 5; i < g; i++) a = Nine(a);
            b = a + a + a;
            if (g == 7)
            {
                ulong quad = *(uint*)(block + 48);
                // Four bytes, times 1, 3, 9 and 27, byte by byte.
                var four = Vector128.Create((uint)quad).AsByte();
                var factors = Vector128.Create(0x01010101u, 0x03030303u, 0x09090909u, 0x1B1B1B1Bu).AsByte();
                b = four * factors;
            }
        }
        a = Top(a);
        b = Top(b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Nine(Vector128<byte> v)
    {
        v = v + v + v;
        return v + v + v;
    }

    /// <summary>3v / 256, rounded down, without a wider lane: the mean of v and v / 2, over 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Top(Vector128<byte> v)
    {
        var half = v >>> 1;
        return ((v & half) + ((v ^ half) >>> 1)) >>> 6;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Nibbles(byte* quants, out Vector128<sbyte> low, out Vector128<sbyte> high)
    {
        Vector128<byte> both = *(Vector128<byte>*)quants;
        low = (both & Vector128.Create((byte)15)).AsSByte();
        high = (both >>> 4).AsSByte();
    }

    /// <summary>Bytes shifted by a variable count, with the neighbour's bits on top: callers mask. Byte lanes have no
    /// such instruction on x64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Right(Vector128<byte> v, int count) => (v.AsUInt16() >>> count).AsByte();

    /// <summary>Bit i becomes 16 in byte i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Spread(byte bits) =>
        ((((bits * 0x0101010101010101UL) & 0x8040201008040201UL) + 0x7F7F7F7F7F7F7F7FUL) >> 3) & 0x1010101010101010UL;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Both(float* scales, float scale) => scales[0] = scales[1] = scale;
}
