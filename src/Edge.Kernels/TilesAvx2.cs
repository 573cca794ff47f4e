using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>What the AVX2 kernels of packed weights share.</summary>
internal static unsafe class TilesAvx2
{
    /// <summary>How far ahead weights are requested: about what one core has in flight at memory speed.</summary>
    public const long PrefetchBytes = 4096;

    /// <summary>A block's eight row scales as floats, exact for finite ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scales(byte* block)
    {
        // Sign-extended and shifted, a half's fields stand where a float's do; 2^112 corrects the exponent's bias.
        Vector256<int> bits = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32((short*)block), 13);
        bits = Avx2.And(bits, Vector256.Create(unchecked((int)0x8FFFE000)));
        return Avx.Multiply(bits.AsSingle(), Vector256.Create(5.192296858534828e33f));
    }

    /// <summary>Four activations in every group of four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Four(byte* q) => Avx2.BroadcastScalarToVector256((int*)q).AsSByte();

    /// <summary>sum + dot · (weight scales · activation scale), in the order that <see cref="Tiles"/> fixes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> AddScaled(Vector256<float> sum, Vector256<int> dot, Vector256<float> weightScales,
        float* scale)
    {
        Vector256<float> both = Avx.Multiply(weightScales, Avx.BroadcastScalarToVector256(scale));
        return Avx.Add(sum, Avx.Multiply(Avx.ConvertToVector256Single(dot), both));
    }

    /// <summary>Stores the first <paramref name="rows"/> (1 … 8) lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* y, Vector256<float> sums, long rows)
    {
        if (rows >= Tiles.Rows)
        {
            Avx.Store(y, sums);
            return;
        }
        Vector256<int> mask = Avx2.CompareGreaterThan(
            Vector256.Create((int)rows), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7));
        Avx.MaskStore(y, mask.AsSingle(), sums);
    }
}
