using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Finds the scale and the integers that come nearest to a run of weights, in least squares; an error counts
/// as much as the activations that meet it (importance, 1 where nothing is known).</summary>
internal static unsafe class Rounding
{
    /// <summary>Alternations at most; ternary scales settle after a handful.</summary>
    private const int RoundsMax = 32;
    // 1.5 · 2^23: adding and subtracting it leaves the nearest integer, ties to even.
    private const float Magic = 12582912f;

    /// <summary>As the other, every weight as important as any.</summary>
    public static float Fit(ReadOnlySpan<float> w, Span<sbyte> codes, int least, int most,
        bool isHalf) => Fit(w, [], codes, least, most, isHalf);

    /// <summary>Codes least … most (most ≥ 1) and one scale for n weights, n up to a group. The range is one wider
    /// below, so a negative scale may serve better. <paramref name="importance"/>: empty for none.</summary>
    /// <returns>The scale, already rounded to half precision (<paramref name="isHalf"/>) or bfloat16.</returns>
    public static float Fit(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, Span<sbyte> codes, int least,
        int most, bool isHalf)
    {
        fixed (float* x = w)
        fixed (float* h = importance)
        {
            (float min, float max) = Range(x, w.Length);
            float largest = Math.Max(max, -min), best;
            // Below, a scale could not be stored, and nothing is lost.
            if (largest < 1e-30f) best = 0;
            else if (most == 127) best = ToStored(largest / most, isHalf); // as ggml: to clip 8 bits gains nothing
            else
            {
                var search = new ScaleSearch(x, h, w.Length, least, most);
                best = search.Run(Math.Max(max / most, -min / -least), Math.Max(-min / most, max / -least), isHalf);
            }
            Round(w, codes, best, least, most);
            return best;
        }
    }

    /// <summary>Whether the weights are codes least … most times this scale, to the bit; writes the codes.</summary>
    public static bool IsExact(ReadOnlySpan<float> w, Span<sbyte> codes, float scale, int least, int most,
        bool isHalf)
    {
        if (scale == 0 || ToStored(scale, isHalf) != scale) return false;
        for (int i = 0; i < w.Length; i++)
        {
            float code = Code(w[i], 1 / scale, least, most);
            if (code * scale != w[i]) return false;
            codes[i] = (sbyte)code;
        }
        return true;
    }

    /// <summary>Codes −1 … 1 and one scale: starts at the mean magnitude, then codes and scale are fitted in turns.
    /// <paramref name="importance"/>: empty for none.</summary>
    public static float FitTernary(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, Span<sbyte> codes,
        bool isHalf)
    {
        double sum = 0;
        foreach (float x in w) sum += Math.Abs(x);
        float scale = (float)(sum / w.Length);
        for (int i = 0; i < RoundsMax && scale > 1e-30f; i++)
        {
            float next = Refit(w, importance, scale, -1, 1);
            if (next == scale) break;
            scale = next;
        }
        scale = ToStored(scale, isHalf);
        Round(w, codes, scale, -1, 1);
        return scale;
    }

    /// <summary>To the nearest bfloat16, ties to even.</summary>
    public static float ToBF16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle(bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000);
    }

    /// <summary>To what a file's scale can be.</summary>
    public static float ToStored(float value, bool isHalf) => isHalf ? ToF16(value) : ToBF16(value);

    /// <summary>The same bits, in vectors; what is no number stays none.</summary>
    public static Vector<float> ToStored(Vector<float> value, bool isHalf)
    {
        Vector<uint> bits = value.As<float, uint>();
        if (!isHalf)
            return (bits + new Vector<uint>(0x7FFF) + (Vector.ShiftRightLogical(bits, 16) & Vector<uint>.One)
                & new Vector<uint>(0xFFFF0000)).As<uint, float>();
        Vector<float> size = Vector.Abs(value), half = new(0.5f);
        Vector<uint> plain = size.As<float, uint>();
        Vector<float> normal = (plain + new Vector<uint>(0xFFF) + (Vector.ShiftRightLogical(plain, 13)
            & Vector<uint>.One) & new Vector<uint>(0xFFFFE000)).As<uint, float>();
        // Below the smallest normal half: what 0.5 has room for is what a subnormal has.
        Vector<float> rounded = Vector.ConditionalSelect(
            Vector.LessThan(size, new Vector<float>(6.103515625e-05f)), size + half - half, normal);
        rounded = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(rounded, new Vector<float>(65536)),
            new Vector<float>(float.PositiveInfinity), rounded);
        return (rounded.As<float, uint>() | bits & new Vector<uint>(0x80000000)).As<uint, float>();
    }

    public static float ToF16(float value) => FloatScalar.FromF16(FloatScalar.ToF16(value));

    /// <summary>Adds what codes · scale lose of a run of weights.</summary>
    public static void Error(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, ReadOnlySpan<sbyte> codes,
        float scale, ref ErrorSums sums)
    {
        float* became = stackalloc float[Digits.Group];
        fixed (float* x = w)
        fixed (float* h = importance)
        fixed (sbyte* q = codes)
        {
            for (int at = 0; at < w.Length; at += Digits.Group)
            {
                int n = Math.Min(Digits.Group, w.Length - at);
                Scale(q + at, became, n, scale);
                sums.Add(x + at, h + at, became, n);
            }
        }
    }

    private static void Scale(sbyte* codes, float* to, int n, float scale)
    {
        int step = Vector<sbyte>.Count, quarter = Vector<float>.Count, i = 0;
        for (; i + step <= n; i += step)
        {
            Vector.Widen(Vector.Load(codes + i), out Vector<short> low, out Vector<short> high);
            Vector.Widen(low, out Vector<int> a, out Vector<int> b);
            Vector.Widen(high, out Vector<int> c, out Vector<int> d);
            (Vector.ConvertToSingle(a) * scale).Store(to + i);
            (Vector.ConvertToSingle(b) * scale).Store(to + i + quarter);
            (Vector.ConvertToSingle(c) * scale).Store(to + i + 2 * quarter);
            (Vector.ConvertToSingle(d) * scale).Store(to + i + 3 * quarter);
        }
        for (; i < n; i++) to[i] = codes[i] * scale;
    }

    /// <summary>The best scale for the codes that a scale gives; 0 when all are zero. No importance: empty.</summary>
    private static float Refit(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, float scale, int least, int most)
    {
        Vector<float> wq = default, qq = default, magic = new(Magic), inverse = new(1 / scale);
        Vector<float> low = magic + new Vector<float>(least), high = magic + new Vector<float>(most);
        bool plain = importance.IsEmpty;
        int i = 0;
        for (; i + Vector<float>.Count <= w.Length; i += Vector<float>.Count)
        {
            var x = new Vector<float>(w[i..]);
            Vector<float> q = Magical(x, inverse, low, high, magic) - magic;
            Vector<float> hq = plain ? q : q * new Vector<float>(importance[i..]);
            wq = Vector.FusedMultiplyAdd(x, hq, wq);
            qq = Vector.FusedMultiplyAdd(q, hq, qq);
        }
        (float products, float squares) = (Vector.Sum(wq), Vector.Sum(qq));
        for (; i < w.Length; i++)
        {
            float q = Code(w[i], 1 / scale, least, most), hq = plain ? q : q * importance[i];
            products += w[i] * hq;
            squares += q * hq;
        }
        return squares == 0 ? 0 : products / squares;
    }

    private static void Round(ReadOnlySpan<float> w, Span<sbyte> codes, float scale, int least, int most)
    {
        if (scale == 0)
        {
            codes.Clear();
            return;
        }
        int step = Vector<sbyte>.Count, quarter = Vector<float>.Count, i = 0;
        float inverse = 1 / scale;
        Vector<float> by = new(inverse), magic = new(Magic), low = magic + new Vector<float>(least),
            high = magic + new Vector<float>(most);
        fixed (float* x = w)
        fixed (sbyte* to = codes)
        {
            for (; i + step <= w.Length; i += step)
            {
                // The low bytes of the bits: those of Magic are zero.
                Vector<int> a = Magical(Vector.Load(x + i), by, low, high, magic).As<float, int>();
                Vector<int> b = Magical(Vector.Load(x + i + quarter), by, low, high, magic).As<float, int>();
                Vector<int> c = Magical(Vector.Load(x + i + 2 * quarter), by, low, high, magic).As<float, int>();
                Vector<int> d = Magical(Vector.Load(x + i + 3 * quarter), by, low, high, magic).As<float, int>();
                Vector.Narrow(Vector.Narrow(a, b), Vector.Narrow(c, d)).Store(to + i);
            }
        }
        for (; i < w.Length; i++) codes[i] = (sbyte)Code(w[i], inverse, least, most);
    }

    /// <summary>Magic + the code, whose limits have Magic added: x · inverse rounded once, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Magical(Vector<float> x, Vector<float> inverse, Vector<float> low, Vector<float> high,
        Vector<float> magic) =>
        Vector.MinNative(Vector.MaxNative(Vector.FusedMultiplyAdd(x, inverse, magic), low), high);

    private static float Code(float x, float inverse, int least, int most) =>
        Math.Min(Math.Max(MathF.FusedMultiplyAdd(x, inverse, Magic), Magic + least), Magic + most) - Magic;

    /// <summary>The smallest and the largest, zero among them. Shapes: n is a multiple of 8.</summary>
    private static (float Min, float Max) Range(float* w, int n)
    {
        Vector128<float> a = default, b = default, c = default, d = default;
        for (int i = 0; i < n; i += 8)
        {
            Vector128<float> x = Vector128.Load(w + i), y = Vector128.Load(w + i + 4);
            (a, b) = (Vector128.MinNative(a, x), Vector128.MinNative(b, y));
            (c, d) = (Vector128.MaxNative(c, x), Vector128.MaxNative(d, y));
        }
        Vector128<float> min = Vector128.MinNative(a, b), max = Vector128.MaxNative(c, d);
        min = Vector128.MinNative(min, Vector128.Shuffle(min, Vector128.Create(2, 3, 0, 1)));
        max = Vector128.MaxNative(max, Vector128.Shuffle(max, Vector128.Create(2, 3, 0, 1)));
        return (Vector128.MinNative(min, Vector128.Shuffle(min, Vector128.Create(1, 0, 3, 2))).ToScalar(),
            Vector128.MaxNative(max, Vector128.Shuffle(max, Vector128.Create(1, 0, 3, 2))).ToScalar());
    }
}
