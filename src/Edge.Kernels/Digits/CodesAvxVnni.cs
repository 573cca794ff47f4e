using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>What multiplies the strips of <see cref="CodesAvx2"/> with AVX-VNNI: one instruction multiplies, adds and
/// widens.</summary>
internal static unsafe class CodesAvxVnni
{
    private const int Blocks = 2 * CodesAvx2.BlockRows;

    /// <summary>As <see cref="CodesAvx2"/>'s.</summary>
    public static void AddGroups(CodesAvx2.Strip* strip, CodesAvx2.Reading* first, CodesAvx2.Reading* second,
        CodesAvx2.Target* target, long group, long groups) =>
        CodesAvx2.AddGroups(strip, first, second, target, group, groups, &Sum);

    /// <inheritdoc cref="CodesAvx2.Sum"/>
    public static void Sum(byte* codes, long blocks, byte* x, long tokenBytes, long columns, long step, int* sums)
    {
        for (long b = 0; b < blocks; b++)
            SumBlock(codes + b * CodesAvx2.BlockBytes, x, tokenBytes, columns, sums + b * CodesAvx2.BlockRows);
    }

    private static void SumBlock(byte* codes, byte* x, long tokenBytes, long columns, int* sums)
    {
        Vector256<int> a0 = Vector256<int>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
        for (byte* end = x + columns; x < end; x += 4, codes += 64)
        {
            Vector256<byte> low = Avx.LoadVector256(codes), high = Avx.LoadVector256(codes + 32);
            Vector256<sbyte> four = TilesAvx2.Four(x);
            a0 = AvxVnni.MultiplyWideningAndAdd(a0, low, four);
            a1 = AvxVnni.MultiplyWideningAndAdd(a1, high, four);
            four = TilesAvx2.Four(x + tokenBytes);
            b0 = AvxVnni.MultiplyWideningAndAdd(b0, low, four);
            b1 = AvxVnni.MultiplyWideningAndAdd(b1, high, four);
            four = TilesAvx2.Four(x + 2 * tokenBytes);
            c0 = AvxVnni.MultiplyWideningAndAdd(c0, low, four);
            c1 = AvxVnni.MultiplyWideningAndAdd(c1, high, four);
            four = TilesAvx2.Four(x + 3 * tokenBytes);
            d0 = AvxVnni.MultiplyWideningAndAdd(d0, low, four);
            d1 = AvxVnni.MultiplyWideningAndAdd(d1, high, four);
        }
        Store(sums, a0, a1);
        Store(sums + Blocks, b0, b1);
        Store(sums + 2 * Blocks, c0, c1);
        Store(sums + 3 * Blocks, d0, d1);
    }

    private static void Store(int* sums, Vector256<int> low, Vector256<int> high)
    {
        Avx.Store(sums, low);
        Avx.Store(sums + 8, high);
    }
}
