using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>The scales and offsets of a block of 256 (<see cref="BlocksAvx2Supers"/>), all at once; the bits are those
/// that <see cref="BlocksScalar"/> has one by one.</summary>
internal static unsafe class BlocksAvx2Scales
{
    /// <summary>The scales of the eight groups' first and last 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Scales(byte* block, int format, out Vector256<float> low, out Vector256<float> high)
    {
        if (format is Blocks.Q4_K or Blocks.Q5_K)
        {
            ulong rest = ((uint*)(block + 4))[0] >> 6 & 0x03030303, last = ((uint*)(block + 4))[2] & 0x0F0F0F0F;
            ulong first = ((uint*)(block + 4))[0] & 0x3F3F3F3F;
            Vector128<byte> eight = Vector128.CreateScalar(first | (last | rest << 4) << 32).AsByte();
            low = high = Float(*(ushort*)block) * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(eight));
            return;
        }
        if (format == Blocks.IQ4_XS)
        {
            // Nibbles of four bytes to eight bytes, pairs of bits of a word above them.
            Vector256<int> shifts = Vector256.Create(0, 4, 8, 12, 16, 20, 24, 28), places = shifts >>> 1;
            Vector256<uint> four = Avx2.ShiftRightLogicalVariable(
                Vector256.Create(*(uint*)(block + 4)), shifts.AsUInt32()) & Vector256.Create(15u);
            Vector256<uint> two = Avx2.ShiftRightLogicalVariable(
                Vector256.Create((uint)((ushort*)block)[1]), places.AsUInt32()) & Vector256.Create(3u);
            Vector256<int> six = (four | two << 4).AsInt32() - Vector256.Create(32);
            low = high = Float(*(ushort*)block) * Avx.ConvertToVector256Single(six);
            return;
        }
        Vector128<sbyte> all;
        if (format == Blocks.Q6_K) all = Sse2.LoadVector128((sbyte*)block + 192);
        else if (format == Blocks.Q2_K) all = (Sse2.LoadVector128(block) & Vector128.Create((byte)15)).AsSByte();
        else
        {
            ulong nibbles = *(ulong*)(block + 96), tops = *(uint*)(block + 104);
            const ulong two = 0x03030303;
            ulong a = nibbles & 0x0F0F0F0F0F0F0F0F | (tops & two | (tops >> 2 & two) << 32) << 4;
            ulong b = nibbles >> 4 & 0x0F0F0F0F0F0F0F0F | (tops >> 4 & two | (tops >> 6 & two) << 32) << 4;
            all = Vector128.Create(a, b).AsSByte() - Vector128.Create((sbyte)32);
        }
        long place = format == Blocks.Q6_K ? 208 : format == Blocks.Q2_K ? 80 : 108;
        Vector256<float> unit = Float(*(ushort*)(block + place));
        low = unit * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Even(all)));
        high = unit * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Odd(all)));
    }

    /// <summary>What the groups' columns have added, in formats that have it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Offsets(byte* block, int format, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<float> minus = Vector256.Create(-0f);
        if (format == Blocks.Q2_K)
        {
            Vector256<float> min = Float(*(ushort*)(block + 82));
            Vector128<sbyte> all = (Sse2.LoadVector128(block) >>> 4).AsSByte();
            low = min * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Even(all))) ^ minus;
            high = min * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(Odd(all))) ^ minus;
            return;
        }
        ulong rest = ((uint*)(block + 4))[1] >> 6 & 0x03030303, last = ((uint*)(block + 4))[2] >> 4 & 0x0F0F0F0F;
        ulong first = ((uint*)(block + 4))[1] & 0x3F3F3F3F;
        Vector128<byte> eight = Vector128.CreateScalar(first | (last | rest << 4) << 32).AsByte();
        low = high = Float(((ushort*)block)[1])
            * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(eight)) ^ minus;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Float(ushort half)
    {
        // As FloatScalar.FromF16, but in registers and without its branches: subnormal scales come at random.
        Vector256<int> h = Vector256.Create((int)half), exponent = h & Vector256.Create(0x7C00);
        Vector256<int> bits = ((h & Vector256.Create(0x7FFF)) << 13) + Vector256.Create(0x38000000);
        Vector256<float> small = (bits + Vector256.Create(0x00800000)).AsSingle() - Vector256.Create(6.103515625e-05f);
        bits = Avx2.BlendVariable(bits, small.AsInt32(), Avx2.CompareEqual(exponent, Vector256<int>.Zero));
        bits |= Avx2.CompareEqual(exponent, Vector256.Create(0x7C00)) & Vector256.Create(0x7F800000);
        return (bits | (h & Vector256.Create(0x8000)) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Even(Vector128<sbyte> v) =>
        Ssse3.Shuffle(v, Vector128.Create(0, 2, 4, 6, 8, 10, 12, 14, -1, -1, -1, -1, -1, -1, -1, -1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Odd(Vector128<sbyte> v) =>
        Ssse3.Shuffle(v, Vector128.Create(1, 3, 5, 7, 9, 11, 13, 15, -1, -1, -1, -1, -1, -1, -1, -1));
}
