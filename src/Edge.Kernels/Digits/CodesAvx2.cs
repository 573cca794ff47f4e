using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>
/// Prefill of the packed families with AVX2: up to 128 columns of a tile are taken apart once and multiplied with four
/// tokens at a time; the same bits as one token alone gives.
/// <para>Codes: blocks of sixteen rows; a block has 64 bytes per four columns, rows 0 … 7 and 8 … 15: byte 4·r + j is
/// column j as an unsigned number, weight + offset. Four activations, broadcast, meet a vector: a lane is a row, and
/// nothing but loads stands between the multiplications.</para>
/// </summary>
internal static unsafe class CodesAvx2
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 2048;
    /// <summary>Columns that are taken apart at a time.</summary>
    public const int ChunkColumns = 128;
    /// <summary>Tokens that share a vector of codes.</summary>
    public const int Tokens = 4;

    /// <summary>Room for two blocks; lives on the stack.</summary>
    internal struct Room
    {
        public fixed byte Bytes[2 * BlockBytes];
    }

    /// <summary>How a group's sums become results: ((sum · 2^Shift − Bias · Σ activations) · 2^powers) · Factor ·
    /// (scales · (activation scale · Part)).</summary>
    internal struct Reading
    {
        /// <summary>Of rows 0 … 7 and 8 … 15.</summary>
        public Vector256<uint> LowPowers, HighPowers;
        public Vector256<float> Part;
        public float Factor;
        public int Shift, Bias;
        /// <summary>Columns whose products fit int16: 32 of 4-bit codes, 64 of 3-bit, 128 of fewer bits.</summary>
        public int Columns;
    }

    private struct Sums
    {
        public Vector256<int> A0, A1, B0, B1, C0, C1, D0, D1;
    }

    /// <summary>The usual reading of signed weights: offset Bias, one part, no fraction.</summary>
    public static void Plain(out Reading reading, int bias, int columns, Vector256<uint> low, Vector256<uint> high)
    {
        reading.LowPowers = low;
        reading.HighPowers = high;
        reading.Part = Vector256.Create(1f);
        reading.Factor = 1;
        reading.Shift = 0;
        reading.Bias = bias;
        reading.Columns = columns;
    }

    /// <summary>Writes eight columns of four fields: four rows each, columns 0 … 3 in the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* codes, Vector256<byte> f0, Vector256<byte> f1, Vector256<byte> f2, Vector256<byte> f3)
    {
        Avx.Store(codes, Avx2.Permute2x128(f0, f1, 0x20));
        Avx.Store(codes + 32, Avx2.Permute2x128(f2, f3, 0x20));
        Avx.Store(codes + 64, Avx2.Permute2x128(f0, f1, 0x31));
        Avx.Store(codes + 96, Avx2.Permute2x128(f2, f3, 0x31));
    }

    /// <summary>Adds a group of sixteen rows for a multiple of four tokens to y, which starts at zero with the first
    /// group.</summary>
    public static void AddGroup(byte* codes, byte* x, byte* record, long tokenBytes, ushort* scales, Reading* reading,
        float* y, long yStride, long tokens, long rows, bool first)
    {
        if (rows <= 0) return;
        Sums sums;
        Vector256<float> low = DigitsAvx2.Scales(scales), high = DigitsAvx2.Scales(scales + 8);
        for (long t = 0; t < tokens; t += Tokens)
        {
            Sum(codes, x + t * tokenBytes, tokenBytes, Digits.Group, reading->Columns, &sums);
            Vector256<int>* sum = &sums.A0;
            for (long i = 0; i < Tokens; i++, sum += 2)
            {
                byte* of = record + (t + i) * tokenBytes;
                float* to = y + (t + i) * yStride;
                Vector256<int> bias = Vector256.Create(((int*)of)[10] * reading->Bias);
                Vector256<float> part = Avx.Multiply(Avx.BroadcastScalarToVector256((float*)of), reading->Part);
                Add(to, Scaled(sum[0], bias, reading, reading->LowPowers, Avx.Multiply(low, part)), rows, first);
                Add(to + 8, Scaled(sum[1], bias, reading, reading->HighPowers, Avx.Multiply(high, part)), rows - 8,
                    first);
            }
        }
    }

    /// <summary>Adds a chunk of sixteen rows for a multiple of four tokens to y, which holds int32 until the rows are
    /// finished (<see cref="DigitsAvx2.Finish"/>). Codes are at most 3.</summary>
    public static void AddChunk(byte* codes, byte* x, long tokenBytes, long columns, float* y, long yStride,
        long tokens, long rows, bool first)
    {
        if (rows <= 0) return;
        Sums sums;
        for (long t = 0; t < tokens; t += Tokens)
        {
            Sum(codes, x + t * tokenBytes, tokenBytes, columns, ChunkColumns, &sums);
            Vector256<int>* sum = &sums.A0;
            for (long i = 0; i < Tokens; i++, sum += 2)
            {
                float* to = y + (t + i) * yStride;
                AddIntegers(to, sum[0], rows, first);
                AddIntegers(to + 8, sum[1], rows - 8, first);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(Vector256<int> sum, Vector256<int> bias, Reading* reading,
        Vector256<uint> powers, Vector256<float> scales)
    {
        if (reading->Shift != 0) sum = Avx2.ShiftLeftLogical(sum, Vector128.CreateScalar(reading->Shift));
        Vector256<int> dot = Avx2.ShiftLeftLogicalVariable(Avx2.Subtract(sum, bias), powers);
        Vector256<float> product = Avx.ConvertToVector256Single(dot);
        if (reading->Shift != 0) product = Avx.Multiply(product, Vector256.Create(reading->Factor));
        return Avx.Multiply(product, scales);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, Vector256<float> values, long rows, bool first)
    {
        if (rows <= 0) return;
        DigitsAvx2.Store(y, Avx.Add(first ? Vector256<float>.Zero : DigitsAvx2.Load(y, rows), values), rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddIntegers(float* y, Vector256<int> values, long rows, bool first)
    {
        if (rows <= 0) return;
        if (!first) values = Avx2.Add(values, DigitsAvx2.Load(y, rows).AsInt32());
        DigitsAvx2.Store(y, values.AsSingle(), rows);
    }

    // Sixteen rows of four tokens; step: columns until int16 widens. Shapes: columns is a multiple of 32.
    private static void Sum(byte* codes, byte* x, long tokenBytes, long columns, long step, Sums* sums)
    {
        long third = 3 * tokenBytes;
        Vector256<int> ones = Vector256.Create((short)1).AsInt32();
        *sums = default;
        for (byte* end = x + columns; x < end;)
        {
            byte* stop = end - x > step ? x + step : end;
            Vector256<short> a0 = Vector256<short>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            for (; x < stop; x += 8, codes += 128)
            {
                Vector256<byte> low = Avx.LoadVector256(codes), high = Avx.LoadVector256(codes + 32);
                Vector256<sbyte> four = TilesAvx2.Four(x);
                a0 = Avx2.Add(a0, Avx2.MultiplyAddAdjacent(low, four));
                a1 = Avx2.Add(a1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + tokenBytes);
                b0 = Avx2.Add(b0, Avx2.MultiplyAddAdjacent(low, four));
                b1 = Avx2.Add(b1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + 2 * tokenBytes);
                c0 = Avx2.Add(c0, Avx2.MultiplyAddAdjacent(low, four));
                c1 = Avx2.Add(c1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + third);
                d0 = Avx2.Add(d0, Avx2.MultiplyAddAdjacent(low, four));
                d1 = Avx2.Add(d1, Avx2.MultiplyAddAdjacent(high, four));
                low = Avx.LoadVector256(codes + 64);
                high = Avx.LoadVector256(codes + 96);
                four = TilesAvx2.Four(x + 4);
                a0 = Avx2.Add(a0, Avx2.MultiplyAddAdjacent(low, four));
                a1 = Avx2.Add(a1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + tokenBytes + 4);
                b0 = Avx2.Add(b0, Avx2.MultiplyAddAdjacent(low, four));
                b1 = Avx2.Add(b1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + 2 * tokenBytes + 4);
                c0 = Avx2.Add(c0, Avx2.MultiplyAddAdjacent(low, four));
                c1 = Avx2.Add(c1, Avx2.MultiplyAddAdjacent(high, four));
                four = TilesAvx2.Four(x + third + 4);
                d0 = Avx2.Add(d0, Avx2.MultiplyAddAdjacent(low, four));
                d1 = Avx2.Add(d1, Avx2.MultiplyAddAdjacent(high, four));
            }
            Widen(&sums->A0, a0, a1, ones.AsInt16());
            Widen(&sums->B0, b0, b1, ones.AsInt16());
            Widen(&sums->C0, c0, c1, ones.AsInt16());
            Widen(&sums->D0, d0, d1, ones.AsInt16());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(Vector256<int>* sums, Vector256<short> low, Vector256<short> high, Vector256<short> ones)
    {
        sums[0] = Avx2.Add(sums[0], Avx2.MultiplyAddAdjacent(low, ones));
        sums[1] = Avx2.Add(sums[1], Avx2.MultiplyAddAdjacent(high, ones));
    }
}
