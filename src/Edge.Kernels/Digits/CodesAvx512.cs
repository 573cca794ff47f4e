using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>What multiplies the strips of <see cref="CodesAvx2"/> with AVX-512: a block is one vector, and both blocks
/// share each broadcast of activations.</summary>
internal static unsafe class CodesAvx512
{
    private const int Blocks = 2 * CodesAvx2.BlockRows;

    /// <summary>As <see cref="CodesAvx2"/>'s; a strip whose rows are not all there is left to it.</summary>
    public static void AddGroups(CodesAvx2.Strip* strip, CodesAvx2.Reading* first, CodesAvx2.Reading* second,
        CodesAvx2.Target* target, long group, long groups)
    {
        if (target->Rows < Blocks || target->TileRows != CodesAvx2.BlockRows)
        {
            CodesAvx2.AddGroups(strip, first, second, target, group, groups);
            return;
        }
        Row low, high;
        Read(first, &low);
        Read(second, &high);
        byte* x = target->X + group * Digits.Group, record = target->Record + group * Digits.RecordBytes;
        float* y = target->Y;
        for (long t = 0; t < target->Tokens; t += CodesAvx2.Tokens)
        {
            Four(strip, &low, &high, x, record, target->TokenBytes, groups, y, target->YStride, group == 0);
            x += CodesAvx2.Tokens * target->TokenBytes;
            record += CodesAvx2.Tokens * target->TokenBytes;
            y += CodesAvx2.Tokens * target->YStride;
        }
    }

    // A strip's groups for four tokens; the results stay in registers.
    private static void Four(CodesAvx2.Strip* strip, Row* low, Row* high, byte* x, byte* record, long tokenBytes,
        long groups, float* y, long yStride, bool first)
    {
        float* y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride;
        byte* codes = strip->Codes;
        float* scales = strip->Scales;
        Vector512<float> r0 = Begin(y, first), r1 = Begin(y + 16, first), r2 = Begin(y1, first);
        Vector512<float> r3 = Begin(y1 + 16, first), r4 = Begin(y2, first), r5 = Begin(y2 + 16, first);
        Vector512<float> r6 = Begin(y3, first), r7 = Begin(y3 + 16, first);
        for (byte* end = x + groups * Digits.Group; x < end; scales += 16, record += Digits.RecordBytes)
        {
            Vector512<int> s0 = Vector512<int>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
            for (byte* stop = x + Digits.Group; x < stop;)
            {
                Vector512<short> a0 = Vector512<short>.Zero, a1 = a0, b0 = a0, b1 = a0;
                Vector512<short> c0 = a0, c1 = a0, d0 = a0, d1 = a0;
                for (byte* wide = x + low->Columns; x < wide; x += 4, codes += 64)
                {
                    Vector512<byte> w0 = Avx512BW.LoadVector512(codes);
                    Vector512<byte> w1 = Avx512BW.LoadVector512(codes + CodesAvx2.BlockBytes);
                    Vector512<sbyte> four = Four(x);
                    (a0, a1) = (AddProducts(a0, w0, four), AddProducts(a1, w1, four));
                    four = Four(x + tokenBytes);
                    (b0, b1) = (AddProducts(b0, w0, four), AddProducts(b1, w1, four));
                    four = Four(x + 2 * tokenBytes);
                    (c0, c1) = (AddProducts(c0, w0, four), AddProducts(c1, w1, four));
                    four = Four(x + 3 * tokenBytes);
                    (d0, d1) = (AddProducts(d0, w0, four), AddProducts(d1, w1, four));
                }
                (s0, s1, s2, s3) = (Widen(s0, a0), Widen(s1, a1), Widen(s2, b0), Widen(s3, b1));
                (s4, s5, s6, s7) = (Widen(s4, c0), Widen(s5, c1), Widen(s6, d0), Widen(s7, d1));
            }
            Vector512<float> w = Avx512F.LoadVector512(scales);
            Vector512<float> v = Avx512F.LoadVector512(scales + CodesAvx2.Chunks * CodesAvx2.BlockRows);
            (r0, r1) = (AddScaled(r0, s0, low, w, record), AddScaled(r1, s1, high, v, record));
            byte* next = record + tokenBytes;
            (r2, r3) = (AddScaled(r2, s2, low, w, next), AddScaled(r3, s3, high, v, next));
            next += tokenBytes;
            (r4, r5) = (AddScaled(r4, s4, low, w, next), AddScaled(r5, s5, high, v, next));
            next += tokenBytes;
            (r6, r7) = (AddScaled(r6, s6, low, w, next), AddScaled(r7, s7, high, v, next));
        }
        Store(y, r0, r1);
        Store(y1, r2, r3);
        Store(y2, r4, r5);
        Store(y3, r6, r7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Four(byte* x) => Vector512.Create(*(int*)x).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(Vector512<int> sum, Vector512<short> products) =>
        Avx512F.Add(sum, Avx512BW.MultiplyAddAdjacent(products, Vector512.Create((short)1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> AddProducts(Vector512<short> sum, Vector512<byte> w, Vector512<sbyte> x) =>
        Avx512BW.Add(sum, Avx512BW.MultiplyAddAdjacent(w, x));

    /// <summary>A block's results and what a group adds, in the order that <see cref="Digits"/> fixes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddScaled(Vector512<float> result, Vector512<int> sum, Row* row,
        Vector512<float> scales, byte* record)
    {
        Vector512<float> part = Avx512F.Multiply(Vector512.Create(*(float*)record), row->Part);
        Vector512<int> bias = Vector512.Create(((int*)record)[10] * row->Bias);
        sum = Avx512F.Subtract(Avx512F.ShiftLeftLogicalVariable(sum, row->Shift), bias);
        Vector512<int> dot = Avx512F.ShiftLeftLogicalVariable(sum, row->Powers);
        Vector512<float> product = Avx512F.Multiply(Avx512F.ConvertToVector512Single(dot), row->Factor);
        return Avx512F.Add(result, Avx512F.Multiply(product, Avx512F.Multiply(scales, part)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Begin(float* y, bool first) =>
        first ? Vector512<float>.Zero : Avx512F.LoadVector512(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector512<float> first, Vector512<float> second)
    {
        Avx512F.Store(to, first);
        Avx512F.Store(to + 16, second);
    }

    private static void Read(CodesAvx2.Reading* reading, Row* row)
    {
        row->Powers = Vector512.Create(reading->LowPowers, reading->HighPowers);
        row->Part = Vector512.Create(reading->Part, reading->Part);
        row->Shift = Vector512.Create((uint)reading->Shift);
        row->Factor = Vector512.Create(reading->Factor);
        row->Bias = reading->Bias;
        row->Columns = reading->Columns;
    }

    /// <summary>A <see cref="CodesAvx2.Reading"/> as one vector each.</summary>
    private struct Row
    {
        public Vector512<uint> Powers, Shift;
        public Vector512<float> Part, Factor;
        public int Bias, Columns;
    }
}
