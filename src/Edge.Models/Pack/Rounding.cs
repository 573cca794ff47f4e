using System.Numerics;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Finds the scale and the integers that come nearest to a run of weights, in least squares.</summary>
internal static unsafe class Rounding
{
    /// <summary>Candidates per sign of the scale.</summary>
    private const int Candidates = 12;
    /// <summary>Alternations at most; ternary scales settle after a handful.</summary>
    private const int RoundsMax = 32;
    // 1.5 · 2^23: adding and subtracting it leaves the nearest integer, ties to even.
    private const float Magic = 12582912f;

    /// <summary>Codes least … most (most ≥ 1) and one scale for n weights. The range is one wider below, so a negative
    /// scale may serve better. Each candidate is rounded, fitted, rounded again to what the file can hold, and kept if
    /// it is the best.</summary>
    /// <returns>The scale, already rounded by <paramref name="storable"/>.</returns>
    public static float Fit(ReadOnlySpan<float> w, Span<sbyte> codes, int least, int most,
        delegate*<float, float> storable)
    {
        float min = 0, max = 0;
        foreach (float x in w) (min, max) = (Math.Min(min, x), Math.Max(max, x));
        float largest = Math.Max(max, -min);
        float best = 0, bestError = float.PositiveInfinity;
        // Below, a scale could not be stored, and nothing is lost.
        if (largest < 1e-30f)
        {
            codes.Clear();
            return 0;
        }
        for (int i = 0; i < Candidates; i++)
        {
            // From the largest weight on the last code to clipping a third of the range (more when there are few
            // codes).
            float part = 1 - i * (most == 1 ? 0.065f : 0.035f);
            foreach (int sign in (ReadOnlySpan<int>)[1, -1])
            {
                float scale = sign * part * Math.Max((sign > 0 ? max : -min) / most, (sign > 0 ? -min : max) / -least);
                scale = Refine(w, scale, least, most, storable);
                if (scale == 0) continue;
                float error = Error(w, scale, least, most);
                if (error < bestError) (best, bestError) = (scale, error);
            }
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

    /// <summary>Codes −1 … 1 and one scale: starts at the mean magnitude, then codes and scale are fitted in
    /// turns.</summary>
    public static float FitTernary(ReadOnlySpan<float> w, Span<sbyte> codes, delegate*<float, float> storable)
    {
        double sum = 0;
        foreach (float x in w) sum += Math.Abs(x);
        float scale = (float)(sum / w.Length);
        for (int i = 0; i < RoundsMax && scale > 1e-30f; i++)
        {
            float next = LeastSquares(w, scale, -1, 1);
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

    private static float Refine(ReadOnlySpan<float> w, float scale, int least, int most,
        delegate*<float, float> storable)
    {
        float fitted = scale == 0 ? 0 : LeastSquares(w, scale, least, most);
        return storable(fitted);
    }

    /// <summary>The best scale for the codes that <paramref name="scale"/> gives; 0 when all are zero.</summary>
    private static float LeastSquares(ReadOnlySpan<float> w, float scale, int least, int most)
    {
        Vector<float> wq = default, qq = default;
        int i = 0;
        for (; i + Vector<float>.Count <= w.Length; i += Vector<float>.Count)
        {
            var x = new Vector<float>(w[i..]);
            Vector<float> q = Codes(x, 1 / scale, least, most);
            wq += x * q;
            qq += q * q;
        }
        float sum = Vector.Sum(wq), squares = Vector.Sum(qq);
        for (; i < w.Length; i++)
        {
            float q = Code(w[i], 1 / scale, least, most);
            sum += w[i] * q;
            squares += q * q;
        }
        return squares == 0 ? 0 : sum / squares;
    }

    private static float Error(ReadOnlySpan<float> w, float scale, int least, int most)
    {
        Vector<float> sum = default;
        int i = 0;
        for (; i + Vector<float>.Count <= w.Length; i += Vector<float>.Count)
        {
            var x = new Vector<float>(w[i..]);
            Vector<float> e = x - Codes(x, 1 / scale, least, most) * scale;
            sum += e * e;
        }
        float error = Vector.Sum(sum);
        for (; i < w.Length; i++)
        {
            float e = w[i] - Code(w[i], 1 / scale, least, most) * scale;
            error += e * e;
        }
        return error;
    }

    private static void Round(ReadOnlySpan<float> w, Span<sbyte> codes, float scale, int least, int most)
    {
        for (int i = 0; i < w.Length; i++) codes[i] = scale == 0 ? (sbyte)0 : (sbyte)Code(w[i], 1 / scale, least, most);
    }

    private static Vector<float> Codes(Vector<float> x, float inverse, int least, int most)
    {
        Vector<float> clamped = Vector.Min(Vector.Max(x * inverse, new Vector<float>(least)), new Vector<float>(most));
        var magic = new Vector<float>(Magic);
        return clamped + magic - magic;
    }

    private static float Code(float x, float inverse, int least, int most) =>
        Math.Min(Math.Max(x * inverse, least), most) + Magic - Magic;
}
