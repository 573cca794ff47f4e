using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>
/// AVX2 for the packed families: activations, and the product of unpacked codes that prefill (and decode, where a code
/// must be taken apart anyway) runs; the same bits as <see cref="DigitsScalar"/> and the families' specifications.
/// <para>Codes. Up to 128 columns of a tile, taken apart: field f holds rows 4f … 4f+3 as unsigned codes (weight +
/// offset), a vector per eight columns: byte 4·r + j of its low half is column j, of its high half column 4 + j. At
/// most 15, so that 64 columns fit 16 bits.</para>
/// </summary>
public static unsafe class DigitsAvx2
{
    /// <summary>Bytes from one field's codes to the next: 16 vectors.</summary>
    internal const int FieldBytes = 512;
    /// <summary>Columns that are taken apart at a time.</summary>
    internal const int ChunkColumns = 128;

    /// <summary>Room for the codes of up to eight fields; lives on the stack and fits the first-level cache beside the
    /// activations.</summary>
    internal struct Codes
    {
        public fixed byte Bytes[8 * FieldBytes];
    }

    /// <inheritdoc cref="DigitsScalar.QuantizeGroups"/>
    public static void QuantizeGroups(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, q += Digits.ActivationBytes(columns))
        {
            byte* record = q + columns;
            for (long c = 0; c < columns; c += Digits.Group, x += Digits.Group, record += Digits.RecordBytes)
            {
                int sum = Quantize(x, q + c, Digits.Group, (float*)record);
                DigitsScalar.Starts((int*)record + 1, sum);
            }
        }
    }

    /// <inheritdoc cref="DigitsScalar.QuantizeTokens"/>
    public static void QuantizeTokens(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, x += columns, q += Digits.TokenActivationBytes(columns))
        {
            byte* record = q + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
            for (byte* rest = q + columns; rest < record + Digits.TokenRecordBytes; rest += 8) *(long*)rest = 0;
            ((int*)record)[1] = Quantize(x, q, columns, (float*)record);
        }
    }

    /// <summary>Eight bfloat16 scales as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Scales(ushort* scales) =>
        Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32(scales), 16).AsSingle();

    /// <summary>Eight activations against a vector of codes: the first four in the low half, again and again, the
    /// others in the high half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<sbyte> Eight(byte* q, Vector256<byte> pattern) =>
        Avx2.Shuffle(Avx2.BroadcastScalarToVector256((long*)q).AsByte(), pattern).AsSByte();

    /// <summary>The order of <see cref="Eight"/>; an argument there, to stay in a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> Pattern() => Vector256.Create(
        (byte)0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);

    /// <summary>Rows 0 … 3 from a, 4 … 7 from b, the column halves added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Join(Vector256<int> a, Vector256<int> b) =>
        Avx2.Add(Avx2.Permute2x128(a, b, 0x20), Avx2.Permute2x128(a, b, 0x31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Widen(Vector256<int> sum, Vector256<short> products) =>
        Avx2.Add(sum, Avx2.MultiplyAddAdjacent(products, Vector256.Create((short)1)));

    /// <summary>sum + (float)dot · (stored scales · activation scale), in the order that <see cref="Digits"/>
    /// fixes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> AddScaled(Vector256<float> sum, Vector256<int> dot, ushort* scales,
        float* activation) =>
        Avx.Add(sum, Scaled(dot, scales, activation));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Scaled(Vector256<int> dot, ushort* scales, float* activation) =>
        Avx.Multiply(Avx.ConvertToVector256Single(dot),
            Avx.Multiply(Scales(scales), Avx.BroadcastScalarToVector256(activation)));

    /// <summary>Adds a group of two fields (eight rows) to y, which starts at zero with the first group. A weight's
    /// offset is 2^offset; powers: what the dot products of the rows are multiplied by, as exponents.</summary>
    internal static void AddGroup(byte* codes, byte* x, byte* record, ushort* scales, int offset,
        Vector256<int> powers, float* y, long rows,
        bool first)
    {
        if (rows <= 0) return;
        Vector256<int> dot = Sum(codes, x, Digits.Group);
        dot = Avx2.Subtract(dot, Vector256.Create(((int*)record)[10] << offset));
        dot = Avx2.ShiftLeftLogicalVariable(dot, powers.AsUInt32());
        Store(y, AddScaled(first ? Vector256<float>.Zero : Load(y, rows), dot, scales, (float*)record), rows);
    }

    /// <summary>Adds a chunk of two fields (eight rows) to y, which holds int32 until <see cref="Finish"/>.</summary>
    internal static void AddChunk(byte* codes, byte* x, long columns, float* y, long rows, bool first)
    {
        if (rows <= 0) return;
        Vector256<int> sum = Sum(codes, x, columns);
        if (!first) sum = Avx2.Add(sum, Load(y, rows).AsInt32());
        Store(y, sum.AsSingle(), rows);
    }

    /// <summary>Eight rows' int32 sums of codes (weight + offset) to results: y ← (float)((sum − offset · Σ
    /// activations) · 2^power) · scales.</summary>
    internal static void Finish(ushort* scales, byte* record, int offset, Vector256<uint> powers, float* y, long rows)
    {
        if (rows <= 0) return;
        Vector256<int> dot = Avx2.Subtract(Load(y, rows).AsInt32(), Vector256.Create(((int*)record)[1] * offset));
        dot = Avx2.ShiftLeftLogicalVariable(dot, powers);
        Store(y, Scaled(dot, scales, (float*)record), rows);
    }

    /// <summary>As <see cref="Finish"/>, with scales that are bytes of one unit.</summary>
    internal static void FinishBytes(byte* scales, float unit, byte* record, float* y, long rows)
    {
        if (rows <= 0) return;
        Vector256<int> dot = Avx2.Subtract(Load(y, rows).AsInt32(), Vector256.Create(((int*)record)[1]));
        Store(y, Scaled(dot, scales, unit, (float*)record), rows);
    }

    /// <summary>(float)dot · (scale byte · (unit · activation scale)).</summary>
    internal static Vector256<float> Scaled(Vector256<int> dot, byte* scales, float unit, float* activation)
    {
        Vector256<float> bytes = Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(scales));
        bytes = Avx.Multiply(bytes, Vector256.Create(unit * *activation));
        return Avx.Multiply(Avx.ConvertToVector256Single(dot), bytes);
    }

    /// <summary>Stores the first <paramref name="rows"/> of eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(float* y, Vector256<float> values, long rows)
    {
        if (rows >= 8) Avx.Store(y, values);
        else if (rows > 0) Avx.MaskStore(y, Mask(rows), values);
    }

    /// <summary>The first <paramref name="rows"/> of eight, and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Load(float* y, long rows) =>
        rows >= 8 ? Avx.LoadVector256(y) : Avx.MaskLoad(y, Mask(rows));

    private static Vector256<float> Mask(long rows) =>
        Avx2.CompareGreaterThan(Vector256.Create((int)rows), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7)).AsSingle();

    /// <summary>Σ code · activation of two fields: eight rows. Shapes: columns is a multiple of 32, at most
    /// 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Sum(byte* codes, byte* x, long columns)
    {
        Vector256<byte> pattern = Pattern();
        Vector256<int> a = Vector256<int>.Zero, b = a;
        for (byte* end = x + columns; x < end;)
        {
            byte* stop = end - x > 64 ? x + 64 : end;
            Vector256<short> s0 = Vector256<short>.Zero, s1 = s0;
            for (; x < stop; x += 16, codes += 64)
            {
                Vector256<sbyte> low = Eight(x, pattern), high = Eight(x + 8, pattern);
                s0 = Avx2.Add(s0, Avx2.MultiplyAddAdjacent(Avx.LoadVector256(codes), low));
                s1 = Avx2.Add(s1, Avx2.MultiplyAddAdjacent(Avx.LoadVector256(codes + FieldBytes), low));
                s0 = Avx2.Add(s0, Avx2.MultiplyAddAdjacent(Avx.LoadVector256(codes + 32), high));
                s1 = Avx2.Add(s1, Avx2.MultiplyAddAdjacent(Avx.LoadVector256(codes + FieldBytes + 32), high));
            }
            a = Widen(a, s0);
            b = Widen(b, s1);
        }
        return Join(a, b);
    }

    private static int Quantize(float* x, byte* q, long n, float* scale)
    {
        Vector256<float> m0 = Vector256<float>.Zero, m1 = m0;
        var magnitude = Vector256.Create(0x7FFFFFFF).AsSingle();
        float* end = x + n;
        for (float* v = x; v < end; v += 16)
        {
            m0 = Avx.Max(m0, Avx.And(Avx.LoadVector256(v), magnitude));
            m1 = Avx.Max(m1, Avx.And(Avx.LoadVector256(v + 8), magnitude));
        }
        m0 = Avx.Max(m0, m1);
        Vector128<float> m = Sse.Max(m0.GetLower(), m0.GetUpper());
        m = Sse.Max(m, Sse.Shuffle(m, m, 0x4E));
        float max = Sse.MaxScalar(m, Sse.Shuffle(m, m, 0xB1)).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        var inverse = Vector256.Create(some ? 127f / max : 0);
        Vector256<int> sum = Vector256<int>.Zero;
        for (; x < end; x += 32, q += 32)
        {
            // Packing works on halves: the order of fours is 0 2 4 6, 1 3 5 7 until the last step.
            Vector256<short> a = Avx2.PackSignedSaturate(Round(x, inverse), Round(x + 8, inverse));
            Vector256<short> b = Avx2.PackSignedSaturate(Round(x + 16, inverse), Round(x + 24, inverse));
            sum = Widen(sum, Avx2.Add(a, b));
            Vector256<int> bytes = Avx2.PackSignedSaturate(a, b).AsInt32();
            Avx.Store(q, Avx2.PermuteVar8x32(bytes, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte());
        }
        *scale = some ? max / 127f : 0;
        Vector128<int> s = Sse2.Add(sum.GetLower(), sum.GetUpper());
        s = Sse2.Add(s, Sse2.Shuffle(s, 0x4E));
        return Sse2.Add(s, Sse2.Shuffle(s, 0xB1)).ToScalar();
    }

    /// <summary>Eight products, to nearest, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(float* x, Vector256<float> inverse) =>
        Avx.ConvertToVector256Int32(Avx.Multiply(Avx.LoadVector256(x), inverse));
}
