using System.Numerics;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Finds the scale and the integers that come nearest to a run of weights, in least squares; an error counts
/// as much as the activations that meet it (importance, 1 where nothing is known).</summary>
internal static unsafe class Rounding
{
    /// <summary>Candidates per sign of the scale.</summary>
    private const int Candidates = 12;
    /// <summary>Clippings in a row that gain nothing over the sign's best: further ones seldom do.</summary>
    private const int MissesMax = 3;
    /// <summary>Alternations at most; ternary scales settle after a handful.</summary>
    private const int RoundsMax = 32;
    // 1.5 · 2^23: adding and subtracting it leaves the nearest integer, ties to even.
    private const float Magic = 12582912f;

    private static readonly float[] Ones = [.. Enumerable.Repeat(1f, Digits.Group)];

    /// <summary>As the other, every weight as important as any.</summary>
    public static float Fit(ReadOnlySpan<float> w, Span<sbyte> codes, int least, int most,
        delegate*<float, float> storable) => Fit(w, Ones.AsSpan(0, w.Length), codes, least, most, storable);

    /// <summary>Codes least … most (most ≥ 1) and one scale for n weights, n up to a group. The range is one wider
    /// below, so a negative scale may serve better. Each candidate is rounded, fitted, brought to what the file can
    /// hold, and kept if it is the best.</summary>
    /// <returns>The scale, already rounded by <paramref name="storable"/>.</returns>
    public static float Fit(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, Span<sbyte> codes, int least,
        int most, delegate*<float, float> storable)
    {
        float min = 0, max = 0;
        foreach (float x in w) (min, max) = (Math.Min(min, x), Math.Max(max, x));
        float largest = Math.Max(max, -min);
        // Below, a scale could not be stored, and nothing is lost.
        if (largest < 1e-30f)
        {
            codes.Clear();
            return 0;
        }
        float best = 0, bestGain = float.NegativeInfinity;
        if (most == 127) best = storable(largest / most); // as ggml: to clip 8 bits gains nothing
        else
        {
            float up = Math.Max(max / most, -min / -least), down = Math.Max(-min / most, max / -least);
            float gainUp = float.NegativeInfinity, gainDown = float.NegativeInfinity;
            int missesUp = 0, missesDown = 0;
            for (int i = 0; i < Candidates && Math.Min(missesUp, missesDown) < MissesMax; i++)
            {
                // From the largest weight on the last code to clipping a third of the range (more when there are few
                // codes).
                float part = 1 - i * (most == 1 ? 0.065f : 0.035f);
                if (missesUp < MissesMax)
                    missesUp = Try(w, importance, part * up, least, most, storable, ref best, ref bestGain, ref gainUp)
                        ? 0 : missesUp + 1;
                if (missesDown < MissesMax)
                    missesDown = Try(w, importance, -part * down, least, most, storable, ref best, ref bestGain,
                        ref gainDown) ? 0 : missesDown + 1;
            }
            // Once more from the best: its codes are not yet those that its stored scale gives.
            Try(w, importance, best, least, most, storable, ref best, ref bestGain, ref gainUp);
        }
        Round(w, codes, best, least, most);
        return best;
    }

    /// <summary>Whether the weights are codes least … most times this scale, to the bit; writes the codes.</summary>
    public static bool IsExact(ReadOnlySpan<float> w, Span<sbyte> codes, float scale, int least, int most,
        delegate*<float, float> storable)
    {
        if (scale == 0 || storable(scale) != scale) return false;
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
        delegate*<float, float> storable)
    {
        double sum = 0;
        foreach (float x in w) sum += Math.Abs(x);
        float scale = (float)(sum / w.Length);
        for (int i = 0; i < RoundsMax && scale > 1e-30f; i++)
        {
            float next = LeastSquares(w, importance, scale, -1, 1, out _);
            if (next == scale) break;
            scale = next;
        }
        scale = storable(scale);
        Round(w, codes, scale, -1, 1);
        return scale;
    }

    /// <summary>To the nearest bfloat16, ties to even.</summary>
    public static float ToBF16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle(bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000);
    }

    public static float ToF16(float value) => FloatScalar.FromF16(FloatScalar.ToF16(value));

    /// <summary>Σ h · (w − code · scale)², and the largest difference.</summary>
    public static double Error(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, ReadOnlySpan<sbyte> codes,
        float scale, out double weighted, out float largest)
    {
        Vector<float> sum = default, weightedSum = default, most = default;
        var s = new Vector<float>(scale);
        int step = Vector<float>.Count, i = 0;
        Span<float> q = stackalloc float[Digits.Group];
        Widen(codes, q);
        for (; i + step <= w.Length; i += step)
        {
            Vector<float> e = new Vector<float>(w[i..]) - new Vector<float>(q[i..]) * s;
            sum += e * e;
            weightedSum += e * e * new Vector<float>(importance[i..]);
            most = Vector.Max(most, Vector.Abs(e));
        }
        (weighted, largest) = (Vector.Sum(weightedSum), 0);
        for (int lane = 0; lane < step; lane++) largest = Math.Max(largest, most[lane]);
        return Vector.Sum(sum);
    }

    /// <summary>Integers as floats; both have whole vectors' length.</summary>
    private static void Widen(ReadOnlySpan<sbyte> codes, Span<float> to)
    {
        int step = Vector<sbyte>.Count, quarter = Vector<float>.Count, i = 0;
        for (; i + step <= codes.Length; i += step)
        {
            Vector.Widen(new Vector<sbyte>(codes[i..]), out Vector<short> low, out Vector<short> high);
            Vector.Widen(low, out Vector<int> a, out Vector<int> b);
            Vector.Widen(high, out Vector<int> c, out Vector<int> d);
            Vector.ConvertToSingle(a).CopyTo(to[i..]);
            Vector.ConvertToSingle(b).CopyTo(to[(i + quarter)..]);
            Vector.ConvertToSingle(c).CopyTo(to[(i + 2 * quarter)..]);
            Vector.ConvertToSingle(d).CopyTo(to[(i + 3 * quarter)..]);
        }
        for (; i < codes.Length; i++) to[i] = codes[i];
    }

    /// <summary>Keeps the scale that fits the codes which <paramref name="scale"/> gives, if it is the best so far. The
    /// error is Σhw² − gain: one pass finds the fit and the error.</summary>
    /// <returns>Whether it is the best of its sign, whose best so far is <paramref name="ownGain"/>.</returns>
    private static bool Try(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, float scale, int least, int most,
        delegate*<float, float> storable, ref float best, ref float bestGain, ref float ownGain)
    {
        if (scale == 0) return false;
        float fitted = storable(LeastSquares(w, importance, scale, least, most, out float squares, out float sum));
        if (fitted == 0) return false;
        float gain = fitted * (2 * sum - fitted * squares);
        if (gain > bestGain) (best, bestGain) = (fitted, gain);
        if (!(gain > ownGain)) return false;
        ownGain = gain;
        return true;
    }

    private static float LeastSquares(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, float scale, int least,
        int most, out float squares) => LeastSquares(w, importance, scale, least, most, out squares, out _);

    /// <summary>The best scale for the codes that <paramref name="scale"/> gives; 0 when all are zero. Also Σhqq and
    /// Σhwq.</summary>
    private static float LeastSquares(ReadOnlySpan<float> w, ReadOnlySpan<float> importance, float scale, int least,
        int most, out float squares, out float sum)
    {
        Vector<float> wq = default, qq = default;
        Vector<float> inverse = new(1 / scale), low = new(least), high = new(most), magic = new(Magic);
        bool plain = importance.IsEmpty;
        int i = 0;
        for (; i + Vector<float>.Count <= w.Length; i += Vector<float>.Count)
        {
            var x = new Vector<float>(w[i..]);
            Vector<float> q = Vector.Min(Vector.Max(x * inverse, low), high) + magic - magic;
            Vector<float> hq = plain ? q : q * new Vector<float>(importance[i..]);
            wq += x * hq;
            qq += q * hq;
        }
        (sum, squares) = (Vector.Sum(wq), Vector.Sum(qq));
        for (; i < w.Length; i++)
        {
            float q = Code(w[i], 1 / scale, least, most), hq = plain ? q : q * importance[i];
            sum += w[i] * hq;
            squares += q * hq;
        }
        return squares == 0 ? 0 : sum / squares;
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
        for (; i + step <= w.Length; i += step)
        {
            Vector<short> low = Vector.Narrow(Codes(w[i..]), Codes(w[(i + quarter)..]));
            Vector<short> high = Vector.Narrow(Codes(w[(i + 2 * quarter)..]), Codes(w[(i + 3 * quarter)..]));
            Vector.Narrow(low, high).CopyTo(codes[i..]);
        }
        for (; i < w.Length; i++) codes[i] = (sbyte)Code(w[i], inverse, least, most);

        Vector<int> Codes(ReadOnlySpan<float> x)
        {
            var limited = Vector.Min(Vector.Max(new Vector<float>(x) * inverse, new(least)), new(most));
            return Vector.ConvertToInt32(limited + new Vector<float>(Magic) - new Vector<float>(Magic));
        }
    }

    private static float Code(float x, float inverse, int least, int most) =>
        Math.Min(Math.Max(x * inverse, least), most) + Magic - Magic;
}
