using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>Scales and offsets of eight rows of <see cref="BlockTiles"/>: the six bits of a block are put together for
/// all its groups at once, into words, and become floats one group at a time.</summary>
internal static unsafe class BlockTilesAvx2Scales
{
    /// <summary>Of a block: sixteen scales, and sixteen of what multiplies the unit of the offsets.</summary>
    private const int WordBytes = 256, OffsetWords = 128;

    /// <summary>Room for the words of a block.</summary>
    [StructLayout(LayoutKind.Sequential, Size = WordBytes)]
    public struct Memory;

    /// <summary>d of eight rows, or MXFP4's and I2_S's scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Unit(byte* block, int format)
    {
        if (format == BlockTiles.I2_S) return Avx.LoadVector256((float*)block);
        if (format != BlockTiles.MXFP4) return TilesAvx2.Scales(block);
        // 2^(e − 128): an exponent of 1 and 0 is a subnormal float.
        Vector256<int> e = Avx2.And(Avx2.ConvertToVector256Int32((sbyte*)block), Vector256.Create(255));
        Vector256<int> normal = Avx2.ShiftLeftLogical(Avx2.Subtract(e, Vector256.Create(1)), 23);
        Vector256<int> small = Avx2.Add(Avx2.ShiftLeftLogical(e, 21), Vector256.Create(0x00200000));
        return Avx2.BlendVariable(normal, small, Avx2.CompareGreaterThan(Vector256.Create(2), e)).AsSingle();
    }

    /// <summary>A block's words, a byte per row, as signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(byte* block, byte* words, int format)
    {
        byte* from = block + BlockTiles.WordsAt(format);
        if (format is BlockTiles.Q3_K or BlockTiles.Q4_K or BlockTiles.Q5_K)
        {
            Vector256<byte> n0 = Avx.LoadVector256(from), n1 = Avx.LoadVector256(from + 32);
            Vector256<byte> tops = Avx.LoadVector256(from + 64);
            long second = format == BlockTiles.Q3_K ? 64 : OffsetWords;
            Avx.Store(words, Put(Q4_0Avx2.Low(n0), Left(tops, 4), format));
            Avx.Store(words + 32, Put(Q4_0Avx2.Low(n1), Left(tops, 2), format));
            Avx.Store(words + second, Put(Q4_0Avx2.High(n0), tops, format));
            Avx.Store(words + second + 32,
                Put(Q4_0Avx2.High(n1), Avx2.ShiftRightLogical(tops.AsUInt16(), 2).AsByte(), format));
        }
        else if (format == BlockTiles.IQ4_XS)
        {
            // Words 0 to 3 and 4 to 7; of the tops, two words hold four times two bits.
            Vector256<byte> n = Avx.LoadVector256(from);
            Vector128<byte> pair = Sse2.LoadVector128(from + 32);
            Vector256<byte> tops = Vector256.Create(pair, Sse2.ShiftRightLogical(pair.AsUInt16(), 2).AsByte());
            Avx.Store(words, Put(Q4_0Avx2.Low(n), Left(tops, 4), format));
            Avx.Store(words + 32, Put(Q4_0Avx2.High(n), tops, format));
        }
        else if (format == BlockTiles.Q2_K)
        {
            for (long i = 0; i < 128; i += 32)
            {
                Vector256<byte> both = Avx.LoadVector256(from + i);
                Avx.Store(words + i, Q4_0Avx2.Low(both));
                Avx.Store(words + OffsetWords + i, Q4_0Avx2.High(both));
            }
        }
        else if (format == BlockTiles.Q6_K)
        {
            for (long i = 0; i < 128; i += 32) Avx.Store(words + i, Avx.LoadVector256(from + i));
        }
    }

    /// <summary>Scale k of eight rows: of a group, or of 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(Vector256<float> unit, byte* words, long k, int format) =>
        (BlockTiles.Supers >> format & 1) == 0 || format == BlockTiles.TQ2_0 ? unit
            : Avx.Multiply(unit, Floats(words + 8 * k));

    /// <summary>Offset k of eight rows, for signed codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Offset(byte* block, byte* words, long k, Vector256<float> scale, int format)
    {
        Vector256<float> unit = TilesAvx2.Scales(block + 16);
        if (format == BlockTiles.Q4_1) return unit;
        Vector256<float> centre = Avx.Multiply(Vector256.Create((float)BlockTiles.Centre(format)), scale);
        if (format == BlockTiles.Q5_1) return Avx.Add(unit, centre);
        Vector256<float> less = Avx.Multiply(unit, Floats(words + OffsetWords + 8 * k));
        return Avx.Subtract(format == BlockTiles.Q5_K ? centre : Vector256<float>.Zero, less);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Floats(byte* word) =>
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Put(Vector256<byte> low, Vector256<byte> tops, int format)
    {
        Vector256<byte> word = Avx2.Or(low, Avx2.And(tops, Vector256.Create((byte)0x30)));
        return format is BlockTiles.Q3_K or BlockTiles.IQ4_XS ? Avx2.Subtract(word, Vector256.Create((byte)32)) : word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Left(Vector256<byte> v, int count) => (v.AsUInt16() << count).AsByte();
}
