using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>2-bit weights by table look-up with ARMv8.0; the same bits as <see cref="Digits2LutScalar"/>. One look-up
/// serves sixteen rows and two columns; one multiplication widens it and gives back its scale.</summary>
public static unsafe class Digits2LutNeon
{
    /// <inheritdoc cref="Digits2LutScalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long groups = columns / Digits.Group;
        long chunks = (groups + Digits2LutScalar.ChunkGroups - 1) / Digits2LutScalar.ChunkGroups;
        long tileBytes = groups * Digits2LutScalar.GroupBytes;
        long whole = row0 + (row1 - row0) / 32 * 32;
        for (long t = 0; t < tokens; t++, x += Digits2LutScalar.TableBytes(columns), y += yStride)
        {
            float* units = (float*)(x + groups * Digits2LutScalar.GroupTableBytes);
            short* starts = (short*)(units + chunks);
            LastRows last;
            // A chunk's tables are 16 KiB: half of the first-level cache of a Cortex-A72. Tiles take turns on them.
            for (long chunk = 0; chunk < chunks; chunk++)
            {
                long g0 = chunk * Digits2LutScalar.ChunkGroups;
                long count = groups - g0 < Digits2LutScalar.ChunkGroups ? groups - g0 : Digits2LutScalar.ChunkGroups;
                byte* tables = x + g0 * Digits2LutScalar.GroupTableBytes;
                byte* tile = w + row0 / 32 * tileBytes + g0 * Digits2LutScalar.GroupBytes;
                for (long r = row0; r < whole; r += 32, tile += tileBytes)
                    Tile(tile, tables, starts + g0, units[chunk], y + r, count, chunk == 0);
                if (whole < row1)
                    Tile(tile, tables, starts + g0, units[chunk], (float*)&last, count, chunk == 0);
            }
            for (long r = whole; r < row1; r++) y[r] = ((float*)&last)[r - whole];
        }
    }

    // y has no room for the sums of a whole last tile.
    private struct LastRows
    {
        public Vector128<float> A, B, C, D, E, F, G, H;
    }

    private static void Tile(byte* w, byte* tables, short* start, float unit, float* y, long groups, bool first)
    {
        var nibble = Vector128.Create((byte)15);
        var odd = Vector128.Create(unchecked((int)0xFFFF0000));
        // Rows 0, 2, 4, 6 and 1, 3, 5, 7 of each eight.
        Vector128<float> e0 = Vector128<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
        do
        {
            ushort* h = (ushort*)w;
            var d0 = AdvSimd.LoadAndReplicateToVector128(start);
            Vector128<short> d1 = d0, d2 = d0, d3 = d0;
            w += 64;
            byte* upper = w + 16;
            sbyte* multipliers = (sbyte*)tables + 16;
            byte* stop = tables + Digits2LutScalar.GroupTableBytes;
            do
            {
                Four(ref d0, ref d1, ref d2, ref d3, w, upper, tables, multipliers, 0, nibble);
                Four(ref d0, ref d1, ref d2, ref d3, w, upper, tables, multipliers, 1, nibble);
                Four(ref d0, ref d1, ref d2, ref d3, w, upper, tables, multipliers, 2, nibble);
                Four(ref d0, ref d1, ref d2, ref d3, w, upper, tables, multipliers, 3, nibble);
                w += 128;
                upper += 128;
                tables += 256;
                multipliers += 256;
            } while (tables < stop);
            Add(ref e0, ref o0, d0, h, odd);
            Add(ref e1, ref o1, d1, h + 8, odd);
            Add(ref e2, ref o2, d2, h + 16, odd);
            Add(ref e3, ref o3, d3, h + 24, odd);
            start++;
        } while (--groups > 0);
        var scale = Vector128.Create(unit);
        Finish(y, e0, o0, scale, first);
        Finish(y + 8, e1, o1, scale, first);
        Finish(y + 16, e2, o2, scale, first);
        Finish(y + 24, e3, o3, scale, first);
    }

    // Four columns of 32 rows. Every vector has a pointer of its own: neighbours of one pointer would become a load of
    // a pair, which costs a Cortex-A72 more than two. Upper halves go first: the lower half of a vector that is used
    // again would be a copy.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<short> d0, ref Vector128<short> d1, ref Vector128<short> d2,
        ref Vector128<short> d3, byte* w, byte* upper, byte* tables, sbyte* multipliers,
        [ConstantExpected] long i, Vector128<byte> nibble)
    {
        var v = AdvSimd.LoadVector128(w + i * 32);
        var u = AdvSimd.LoadVector128(upper + i * 32);
        var table = AdvSimd.LoadVector128(tables + i * 64);
        var m = AdvSimd.LoadVector128(multipliers + i * 64);
        Pair(ref d0, ref d1, ref d2, ref d3, table, m, v & nibble, u & nibble);
        var second = AdvSimd.LoadVector128(tables + (i * 64 + 32));
        var n = AdvSimd.LoadVector128(multipliers + (i * 64 + 32));
        Pair(ref d0, ref d1, ref d2, ref d3, second, n, v >>> 4, u >>> 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(ref Vector128<short> d0, ref Vector128<short> d1, ref Vector128<short> d2,
        ref Vector128<short> d3, Vector128<byte> table, Vector128<sbyte> m, Vector128<byte> v, Vector128<byte> u)
    {
        var a = AdvSimd.Arm64.VectorTableLookup(table, v).AsSByte();
        var b = AdvSimd.Arm64.VectorTableLookup(table, u).AsSByte();
        d1 = AdvSimd.MultiplyWideningUpperAndAdd(d1, a, m);
        d3 = AdvSimd.MultiplyWideningUpperAndAdd(d3, b, m);
        var low = m.GetLower();
        d0 = AdvSimd.MultiplyWideningLowerAndAdd(d0, a.GetLower(), low);
        d2 = AdvSimd.MultiplyWideningLowerAndAdd(d2, b.GetLower(), low);
    }

    // 65536 times the sums of every other row by a shift and of the others by a mask: their scales are in the same
    // halves, and that is all that a bfloat16 needs to be a float.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector128<float> even, ref Vector128<float> odd, Vector128<short> dot, ushort* scales,
        Vector128<int> mask)
    {
        var h = AdvSimd.LoadVector128((int*)scales);
        var d = dot.AsInt32();
        even += AdvSimd.ConvertToSingle(d << 16) * (h << 16).AsSingle();
        odd += AdvSimd.ConvertToSingle(d & mask) * (h & mask).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, Vector128<float> even, Vector128<float> odd, Vector128<float> unit, bool first)
    {
        Vector128<float> low = Vector128<float>.Zero, high = low;
        if (!first)
        {
            low = AdvSimd.LoadVector128(y);
            high = AdvSimd.LoadVector128(y + 4);
        }
        AdvSimd.Store(y, low + AdvSimd.Arm64.ZipLow(even, odd) * unit);
        AdvSimd.Store(y + 4, high + AdvSimd.Arm64.ZipHigh(even, odd) * unit);
    }

    /// <inheritdoc cref="Digits2LutScalar.Tables"/>
    public static void Tables(float* x, byte* tables, long columns, long tokens)
    {
        long groups = columns / Digits.Group;
        long chunks = (groups + Digits2LutScalar.ChunkGroups - 1) / Digits2LutScalar.ChunkGroups;
        for (long t = 0; t < tokens; t++, tables += Digits2LutScalar.TableBytes(columns))
        {
            float* units = (float*)(tables + groups * Digits2LutScalar.GroupTableBytes);
            short* starts = (short*)(units + chunks);
            long g = 0;
            do
            {
                long count = groups - g < Digits2LutScalar.ChunkGroups ? groups - g : Digits2LutScalar.ChunkGroups;
                *units++ = Chunk(x, tables + g * Digits2LutScalar.GroupTableBytes, starts + g, count);
                x += count * Digits.Group;
                g += count;
            } while (g < groups);
            byte* end = tables + Digits2LutScalar.TableBytes(columns);
            for (byte* rest = (byte*)(starts + groups); rest < end; rest++) *rest = 0;
        }
    }

    private static float Chunk(float* x, byte* tables, short* starts, long groups)
    {
        float* end = x + groups * Digits.Group;
        Vector128<float> m0 = Vector128<float>.Zero, m1 = m0;
        for (float* v = x; v < end; v += 8)
        {
            m0 = AdvSimd.Max(m0, AdvSimd.Abs(AdvSimd.LoadVector128(v)));
            m1 = AdvSimd.Max(m1, AdvSimd.Abs(AdvSimd.LoadVector128(v + 4)));
        }
        float max = AdvSimd.Arm64.MaxAcross(AdvSimd.Max(m0, m1)).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        var inverse = Vector128.Create(some ? 8191f / max : 0);
        int unit = 4;
        for (float* v = x; v < end;)
        {
            Vector128<int> sums = Vector128<int>.Zero, more = sums;
            for (float* stop = v + Digits.Group; v < stop; v += 8)
            {
                sums += AdvSimd.Abs(Rounded(v, inverse)).AsInt32();
                more += AdvSimd.Abs(Rounded(v + 4, inverse)).AsInt32();
            }
            int total = AdvSimd.Arm64.AddAcross(sums + more).ToScalar();
            if (total / 8000 + 1 > unit) unit = total / 8000 + 1;
        }
        var perPair = Vector128.Create(3f / (float)(127 * unit));
        var perEntry = Vector128.Create(256f / (float)unit);
        float minusPerUnit = -1f / (float)unit;
        while (x < end)
        {
            var sums = Vector128<int>.Zero;
            for (float* stop = x + Digits.Group; x < stop; x += 8, tables += 4 * Digits2LutScalar.PairBytes)
                Eight(x, tables, inverse, perPair, perEntry, ref sums);
            float start = (float)AdvSimd.Arm64.AddAcross(sums).ToScalar() * minusPerUnit;
            *starts++ = (short)AdvSimd.ConvertToInt32RoundToEven(Vector128.Create(start)).ToScalar();
        }
        return some ? max / 8191f * ((float)unit * 7.62939453125e-06f) : 0; // half of 2^-16
    }

    // The tables of four pairs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(float* x, byte* to, Vector128<float> inverse, Vector128<float> perPair,
        Vector128<float> perEntry, ref Vector128<int> sums)
    {
        var first = Vector128.Create(-3, -1, 1, 3).AsInt16();
        var pattern = AdvSimd.Arm64.UnzipEven(first, first);
        var minus = AdvSimd.Arm64.UnzipEven(Vector128.Create(-3).AsInt16(), Vector128.Create(-1).AsInt16());
        var plus = AdvSimd.Arm64.UnzipEven(Vector128.Create(1).AsInt16(), Vector128.Create(3).AsInt16());
        var a = Rounded(x, inverse);
        var b = Rounded(x + 4, inverse);
        sums += a + b;
        var lengths = AdvSimd.ConvertToSingle(AdvSimd.Arm64.AddPairwise(
            AdvSimd.Abs(a).AsInt32(), AdvSimd.Abs(b).AsInt32()));
        var multipliers = AdvSimd.ConvertToInt32RoundToZero(lengths * perPair) + Vector128.Create(1);
        var factors = AdvSimd.Arm64.Divide(perEntry, AdvSimd.ConvertToSingle(multipliers));
        a = Rounded(AdvSimd.ConvertToSingle(a) * AdvSimd.Arm64.ZipLow(factors, factors));
        b = Rounded(AdvSimd.ConvertToSingle(b) * AdvSimd.Arm64.ZipHigh(factors, factors));
        var q = AdvSimd.Arm64.UnzipEven(a.AsInt16(), b.AsInt16());
        var m = multipliers.AsSByte();
        Table(to, q, 0, 1, m, 0, pattern, minus, plus);
        Table(to + Digits2LutScalar.PairBytes, q, 2, 3, m, 4, pattern, minus, plus);
        Table(to + 2 * Digits2LutScalar.PairBytes, q, 4, 5, m, 8, pattern, minus, plus);
        Table(to + 3 * Digits2LutScalar.PairBytes, q, 6, 7, m, 12, pattern, minus, plus);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Table(byte* to, Vector128<short> q, [ConstantExpected(Max = (byte)7)] byte a,
        [ConstantExpected(Max = (byte)7)] byte b, Vector128<sbyte> multipliers,
        [ConstantExpected(Max = (byte)15)] byte multiplier, Vector128<short> pattern, Vector128<short> minus,
        Vector128<short> plus)
    {
        var left = AdvSimd.MultiplyBySelectedScalar(pattern, q, a);
        var low = AdvSimd.AddRoundedHighNarrowingLower(left, AdvSimd.MultiplyBySelectedScalar(minus, q, b));
        AdvSimd.Store((sbyte*)to,
            AdvSimd.AddRoundedHighNarrowingUpper(low, left, AdvSimd.MultiplyBySelectedScalar(plus, q, b)));
        AdvSimd.Store((sbyte*)to + 16, AdvSimd.DuplicateSelectedScalarToVector128(multipliers, multiplier));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Rounded(float* x, Vector128<float> factor) =>
        Rounded(AdvSimd.LoadVector128(x) * factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Rounded(Vector128<float> x) => AdvSimd.ConvertToInt32RoundToEven(x);
}
