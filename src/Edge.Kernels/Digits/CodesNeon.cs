using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>
/// What the families share on ARMv8.0 whose weights must be taken apart: up to 128 columns of a tile become codes in
/// the first-level cache, once for all tokens, and the codes are multiplied with each token's activations.
/// <para>Codes: field f holds rows 4f … 4f+3 as unsigned numbers, weight + offset, at most 7: a vector per four columns
/// in which byte 4·r + j belongs to column j. Products of 128 columns then fit int16.</para>
/// </summary>
internal static unsafe class CodesNeon
{
    /// <summary>Bytes from one field's codes to the next: 32 vectors.</summary>
    public const int FieldBytes = 512;
    /// <summary>Columns that are taken apart at a time.</summary>
    public const int ChunkColumns = 128;

    /// <summary>Room for the codes of eight fields, on the stack.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 8 * FieldBytes)]
    public struct Room
    {
        private Vector128<byte> _first;
    }

    /// <summary>Adds a group of two fields (eight rows) to y, which starts at zero with the first group. A weight's
    /// offset is 2^offset; the dot products of the fields count 2^power0 and 2^power1 times.</summary>
    public static void AddGroup(byte* codes, byte* x, byte* record, ushort* scales, int offset, int power0, int power1,
        float* y, long rows, bool first)
    {
        if (rows <= 0) return;
        Pair(codes, x, Digits.Group, out var a, out var b);
        var bias = Vector128.Create(((int*)record)[10] << offset);
        var zero = Vector128<ushort>.Zero;
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var h = AdvSimd.LoadVector128(scales);
        // Powers come as numbers: a product is as good as a shift.
        a = (a - bias) * Vector128.Create(1 << power0);
        b = (b - bias) * Vector128.Create(1 << power1);
        var f0 = AdvSimd.ConvertToSingle(a) * (DigitsNeon.Low(h, zero) * scale);
        var f1 = AdvSimd.ConvertToSingle(b) * (DigitsNeon.High(h, zero) * scale);
        if (rows < 8)
        {
            AddSome(y, f0, rows, first);
            AddSome(y + 4, f1, rows - 4, first);
            return;
        }
        Vector128<float> y0 = Vector128<float>.Zero, y1 = y0;
        if (!first)
        {
            y0 = AdvSimd.LoadVector128(y);
            y1 = AdvSimd.LoadVector128(y + 4);
        }
        AdvSimd.Store(y, y0 + f0);
        AdvSimd.Store(y + 4, y1 + f1);
    }

    /// <summary>Adds a chunk of two fields (eight rows) to y, which holds int32 until its rows are finished.</summary>
    public static void AddChunk(byte* codes, byte* x, long columns, float* y, long rows, bool first)
    {
        if (rows <= 0) return;
        Pair(codes, x, columns, out var a, out var b);
        if (rows < 8)
        {
            AddSome((int*)y, a, rows, first);
            AddSome((int*)y + 4, b, rows - 4, first);
            return;
        }
        if (!first)
        {
            a += AdvSimd.LoadVector128((int*)y);
            b += AdvSimd.LoadVector128((int*)y + 4);
        }
        AdvSimd.Store((int*)y, a);
        AdvSimd.Store((int*)y + 4, b);
    }

    /// <summary>As <see cref="AddChunk"/>, of one field (four rows).</summary>
    public static void AddChunkOfOne(byte* codes, byte* x, long columns, float* y, long rows, bool first)
    {
        if (rows <= 0) return;
        var a = One(codes, x, columns);
        AddSome((int*)y, a, rows, first);
    }

    /// <summary>Four rows' int32 sums of codes (weight + 1) to results: y ← (float)((sum − Σ activations) · 2^power) ·
    /// scales; scales are those of the rows times the activations'.</summary>
    public static void Finish(Vector128<float> scales, byte* record, int power, float* y, long rows)
    {
        if (rows <= 0) return;
        var dot = Load(y, rows).AsInt32() - AdvSimd.LoadAndReplicateToVector128((int*)record + 1);
        DigitsNeon.Store(y, AdvSimd.ConvertToSingle(dot * Vector128.Create(1 << power)) * scales, rows);
    }

    /// <summary>Σ code · activation of one field. Shapes: columns is a multiple of 16, at most 128.</summary>
    public static Vector128<int> One(byte* codes, byte* x, long columns)
    {
        // Several sums of the same: an addition waits for the one before it.
        Vector128<short> a0 = Vector128<short>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
        for (byte* end = x + columns; x < end; x += 16, codes += 64)
        {
            var q = AdvSimd.LoadVector128((sbyte*)x);
            Add(ref a0, ref a1, codes, Four(q, 0));
            Add(ref b0, ref b1, codes + 16, Four(q, 1));
            Add(ref c0, ref c1, codes + 32, Four(q, 2));
            Add(ref d0, ref d1, codes + 48, Four(q, 3));
        }
        return Join(a0 + b0 + (c0 + d0), a1 + b1 + (c1 + d1));
    }

    // Two fields share the activations.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(byte* codes, byte* x, long columns, out Vector128<int> a, out Vector128<int> b)
    {
        Vector128<short> a0 = Vector128<short>.Zero, a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
        byte* more = codes + FieldBytes;
        for (byte* end = x + columns; x < end; x += 16, codes += 64, more += 64)
        {
            var q = AdvSimd.LoadVector128((sbyte*)x);
            Two(ref a0, ref a1, ref b0, ref b1, codes, more, Four(q, 0));
            Two(ref c0, ref c1, ref d0, ref d1, codes + 16, more + 16, Four(q, 1));
            Two(ref a0, ref a1, ref b0, ref b1, codes + 32, more + 32, Four(q, 2));
            Two(ref c0, ref c1, ref d0, ref d1, codes + 48, more + 48, Four(q, 3));
        }
        a = Join(a0 + c0, a1 + c1);
        b = Join(b0 + d0, b1 + d1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Four(Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet) =>
        AdvSimd.DuplicateSelectedScalarToVector128(x.AsInt32(), quadruplet).AsSByte();

    // The upper halves first, as in Digits4Neon.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two(ref Vector128<short> a0, ref Vector128<short> a1, ref Vector128<short> b0,
        ref Vector128<short> b1, byte* codes, byte* more, Vector128<sbyte> four)
    {
        var a = AdvSimd.LoadVector128((sbyte*)codes);
        var b = AdvSimd.LoadVector128((sbyte*)more);
        a1 = AdvSimd.MultiplyWideningUpperAndAdd(a1, a, four);
        b1 = AdvSimd.MultiplyWideningUpperAndAdd(b1, b, four);
        var low = four.GetLower();
        a0 = AdvSimd.MultiplyWideningLowerAndAdd(a0, a.GetLower(), low);
        b0 = AdvSimd.MultiplyWideningLowerAndAdd(b0, b.GetLower(), low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector128<short> low, ref Vector128<short> high, byte* codes, Vector128<sbyte> four)
    {
        var v = AdvSimd.LoadVector128((sbyte*)codes);
        high = AdvSimd.MultiplyWideningUpperAndAdd(high, v, four);
        low = AdvSimd.MultiplyWideningLowerAndAdd(low, v.GetLower(), four.GetLower());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Join(Vector128<short> low, Vector128<short> high) =>
        AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(low), AdvSimd.AddPairwiseWidening(high));

    // Adds to the first rows of y, or writes them.
    private static void AddSome(float* y, Vector128<float> values, long rows, bool first)
    {
        if (rows <= 0) return;
        var sum = first ? Vector128<float>.Zero : Load(y, rows);
        DigitsNeon.Store(y, sum + values, rows);
    }

    private static void AddSome(int* y, Vector128<int> values, long rows, bool first)
    {
        if (rows <= 0) return;
        var sum = first ? Vector128<int>.Zero : Load((float*)y, rows).AsInt32();
        DigitsNeon.Store((float*)y, (sum + values).AsSingle(), rows);
    }

    /// <summary>Four values, or the first <paramref name="rows"/> of them and zeros.</summary>
    private static Vector128<float> Load(float* y, long rows)
    {
        if (rows >= 4) return AdvSimd.LoadVector128(y);
        var some = Vector128<float>.Zero;
        if (rows > 0) some = AdvSimd.Insert(some, 0, y[0]);
        if (rows > 1) some = AdvSimd.Insert(some, 1, y[1]);
        if (rows > 2) some = AdvSimd.Insert(some, 2, y[2]);
        return some;
    }
}
