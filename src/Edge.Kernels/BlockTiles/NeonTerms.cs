using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>
/// From integer sums of products to terms of <see cref="BlockTiles"/>, for one token. No conversion, which keeps one of
/// the N1's two pipes for two cycles: integers are added to the bits of a float, 1.5 · 2²³ · 2^n, of which a unit is
/// the last bit, and a subtraction makes the float. A word is looked up as the third byte of a float, the subnormal
/// word · 2⁻¹³³, and multiplied with d · 2¹¹¹, so that scales are 2⁻²²-fold: integers and sums are 2²²-fold (n). No bit
/// is lost on the way.
/// </summary>
internal static unsafe class BlockTilesNeonTerms
{
    /// <summary>Formats whose scales have words.</summary>
    private const ulong WithWords = BlockTiles.Supers & ~(1UL << BlockTiles.TQ2_0);
    /// <summary>Formats whose codes are used without their sign, though there are no offsets to correct it.</summary>
    private const ulong Unsigned = 1UL << BlockTiles.Q6_K | 1UL << BlockTiles.TQ2_0 | 1UL << BlockTiles.I2_S;
    private const float Fold = 4194304; // 2²²
    private const float Magic = 12582912; // 1.5 · 2²³

    /// <summary>What integers are added to: of 32 columns, or of the first or second 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Start(Vector128<float> sums, bool isSecond, int format)
    {
        if ((Unsigned >> format & 1) == 0)
            return Vector128.Create((WithWords >> format & 1) != 0 ? 0x56400000 : 0x4B400000);
        return (isSecond ? AdvSimd.DuplicateSelectedScalarToVector128(sums, 1)
            : AdvSimd.DuplicateSelectedScalarToVector128(sums, 0)).AsInt32();
    }

    /// <summary>Where the words are; six-bit ones are put together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* Words(byte* block, byte* room, int format)
    {
        byte* words = block + BlockTiles.WordsAt(format);
        if (format is BlockTiles.Q3_K or BlockTiles.Q4_K or BlockTiles.Q5_K)
        {
            BlockTilesNeonScales.Sixteen(words, room, Vector128<byte>.Zero);
            return room;
        }
        if (format != BlockTiles.IQ4_XS) return words;
        BlockTilesNeonScales.Eights(words, room, Vector128<byte>.Zero);
        return room;
    }

    /// <summary>What multiplies the words of eight rows, or their scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Units(byte* block, out Vector128<float> low, out Vector128<float> high, int format)
    {
        if (format == BlockTiles.I2_S)
        {
            low = AdvSimd.LoadVector128((float*)block);
            high = AdvSimd.LoadVector128((float*)block + 4);
        }
        else if (format == BlockTiles.MXFP4) BlockTilesNeonScales.Exponents(block, out low, out high);
        else if ((WithWords >> format & 1) != 0)
            BlockTilesNeonScales.Thirds(out low, out high, (short*)block, 2.028240960365167e31f); // 2^104
        else BlockTilesNeonScales.Halves(out low, out high, (short*)block);
    }

    /// <summary>As <see cref="Units"/> of the offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Offsets(byte* units, out Vector128<float> low, out Vector128<float> high, int format)
    {
        if ((WithWords >> format & 1) != 0)
            BlockTilesNeonScales.Thirds(out low, out high, (short*)units, -2.028240960365167e31f);
        else BlockTilesNeonScales.Halves(out low, out high, (short*)units);
    }

    /// <summary>The words of a group's scales, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Scales(byte* words, int format)
    {
        if ((WithWords >> format & 1) == 0) return default;
        if ((BlockTiles.Halves >> format & 1) == 0) return AdvSimd.LoadVector64(words).ToVector128Unsafe();
        var w = AdvSimd.LoadVector128(words);
        if (format == BlockTiles.Q2_K) return w & Vector128.Create((byte)15);
        return format == BlockTiles.Q6_K ? w ^ Vector128.Create((byte)128) : w;
    }

    /// <summary>The words of a group's offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Offsets(byte* words, int format)
    {
        if (format is BlockTiles.Q4_K or BlockTiles.Q5_K)
            return AdvSimd.LoadVector64(words + 64).ToVector128Unsafe();
        return format == BlockTiles.Q2_K ? AdvSimd.LoadVector128(words) >>> 4 : default;
    }

    /// <summary>What multiplies the offsets of a block: one sum per 32 columns, or two; of codes that are used without
    /// their sign, the float that their integers are added to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float* Sums(float* sum, float* room, int format)
    {
        if ((BlockTiles.Offsets >> format & 1) == 0 && (Unsigned >> format & 1) == 0) return sum;
        if ((BlockTiles.Supers >> format & 1) == 0) return sum;
        FourSums(sum, room, format);
        FourSums(sum + ((BlockTiles.Halves >> format & 1) != 0 ? 4 : 8), room + 4, format);
        if ((BlockTiles.Halves >> format & 1) == 0) return room;
        FourSums(sum + 8, room + 8, format);
        FourSums(sum + 12, room + 12, format);
        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourSums(float* sum, float* to, int format)
    {
        var v = AdvSimd.LoadVector128(sum);
        if ((BlockTiles.Halves >> format & 1) == 0)
            v = AdvSimd.Arm64.AddPairwise(v, AdvSimd.LoadVector128(sum + 4));
        if (format == BlockTiles.Q6_K)
            v = AdvSimd.FusedMultiplySubtract(Vector128.Create(Magic * Fold), v, Vector128.Create(32 * Fold));
        else if (format == BlockTiles.TQ2_0) v = Vector128.Create(Magic) - v;
        else v *= Vector128.Create(Fold);
        AdvSimd.Store(to, v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long SumsPerGroup(int format) =>
        1 + (long)((BlockTiles.Halves | ~BlockTiles.Supers) >> format & 1);

    /// <summary>A group's of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Sums(float* prepared, int format)
    {
        if ((BlockTiles.Halves >> format & 1) != 0) return AdvSimd.LoadVector64(prepared).ToVector128Unsafe();
        if ((BlockTiles.Supers >> format & 1) != 0) return Vector128.CreateScalarUnsafe(*prepared);
        float both = prepared[0] + prepared[1];
        return Vector128.CreateScalarUnsafe(format == BlockTiles.I2_S ? Magic - both : both);
    }

    /// <summary>dot · scale (+ sum · offset) of rows n … n + 3; 8 and 12 are the second 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Term(Vector128<int> dot, Vector128<byte> w, Vector128<byte> m, int n,
        Vector128<float> d, Vector128<float> u, Vector128<float> sums, int format)
    {
        bool hasWords = (WithWords >> format & 1) != 0;
        Vector128<float> scale = d, offset = u;
        var exact = dot.AsSingle() - Vector128.Create(hasWords ? Magic * Fold : Magic);
        if (hasWords)
        {
            scale = BlockTilesNeonScales.Unsigned(w, BlockTilesNeonScales.Thirds(n));
            // The centre of the words, 128 or 32, times 2^-133.
            if (format == BlockTiles.Q6_K) scale -= Vector128.Create(1.1754943508222875e-38f);
            if (format is BlockTiles.Q3_K or BlockTiles.IQ4_XS) scale -= Vector128.Create(0x00200000).AsSingle();
            scale *= d;
        }
        var v = exact * scale;
        if ((BlockTiles.Offsets >> format & 1) == 0) return v;
        if (hasWords) offset = BlockTilesNeonScales.Unsigned(m, BlockTilesNeonScales.Thirds(n)) * u;
        // Sixteen scales are exact, so that one rounding is the specification's.
        if ((BlockTiles.Centred >> format & 1) != 0)
            offset = AdvSimd.FusedMultiplyAdd(offset, scale, Vector128.Create(16f));
        return v + (n < 8 ? AdvSimd.MultiplyBySelectedScalar(offset, sums, 0)
            : AdvSimd.MultiplyBySelectedScalar(offset, sums, 1));
    }
}
