using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Edge.Models.Pack;

/// <summary>Looks for the scale of a group among clippings of its range, from coarse to fine, and in the end among the
/// values that the file can hold. A lane is a candidate: each sees the weights in the same order on every machine, so
/// that the bits of a packed file do not depend on how wide its vectors are.</summary>
internal unsafe ref struct ScaleSearch
{
    private const int Candidates = 8;
    /// <summary>Room for vectors that are wider than eight lanes.</summary>
    private const int Room = 16;
    // 1.5 · 2^23: adding and subtracting it leaves the nearest integer, ties to even.
    private const float Magic = 12582912f;
    /// <summary>Steps of the last search: at most those of bfloat16.</summary>
    private const float LastStep = 1f / 256;

    // Of each candidate, with room for wider vectors: its place in its half, which half, and what the last two searches
    // make of it.
    private static ReadOnlySpan<float> Places => [0, 1, 2, 3, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0];
    private static ReadOnlySpan<int> IsFirstHalf => [-1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static ReadOnlySpan<float> Around =>
        [-3.5f, -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 3.5f, 0, 0, 0, 0, 0, 0, 0, 0];
    private static ReadOnlySpan<float> LastSteps =>
    [
        1 - 4 * LastStep, 1 - 3 * LastStep, 1 - 2 * LastStep, 1 - LastStep, 1, 1 + LastStep, 1 + 2 * LastStep,
        1 + 3 * LastStep, 1, 1, 1, 1, 1, 1, 1, 1,
    ];
    /// <summary>The lowest bits of a gain, so that of equal ones the first counts; least for what is no
    /// candidate.</summary>
    private static ReadOnlySpan<int> Order => [7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly float* _w, _h;
    private readonly int _n, _least, _most;
    private fixed float _scales[Room], _products[Room], _squares[Room], _gains[Room];

    /// <summary><paramref name="n"/>: even. <paramref name="h"/>: the weights' importance; null: all count the
    /// same.</summary>
    public ScaleSearch(float* w, float* h, int n, int least, int most)
    {
        _w = w;
        _h = h;
        (_n, _least, _most) = (n, least, most);
    }

    /// <summary>The best scale that can be stored, in half precision or as bfloat16; <paramref name="up"/> and
    /// <paramref name="down"/> put the largest weight on the last code, with the longer side of the codes below and
    /// above zero.</summary>
    public float Run(float up, float down, bool isHalf)
    {
        // From the largest weight on the last code to clipping a third of the range (more when there are few codes).
        float step = (_most == 1 ? 0.715f : 0.385f) / 4, scale = 0, around = 0, most = -1;
        for (float shift = 0.25f; shift < 1; shift += 0.5f)
        {
            Clip(up, down, step, shift);
            int coarse = Best(stored: false);
            if (_gains[coarse] <= most) continue;
            (scale, around, most) = (_scales[coarse], (coarse < 4 ? up : -down) * step, _gains[coarse]);
        }
        fixed (float* scales = _scales, places = Around)
            for (int lane = 0; lane < Candidates; lane += Vector<float>.Count)
                (new Vector<float>(scale) + new Vector<float>(around) * Vector.Load(places + lane)
                    * new Vector<float>(0.25f)).Store(scales + lane);
        int best = Best(stored: false);
        float fitted = _products[best] / _squares[best];
        fixed (float* scales = _scales, steps = LastSteps)
            for (int lane = 0; lane < Candidates; lane += Vector<float>.Count)
                Rounding.ToStored(new Vector<float>(fitted) * Vector.Load(steps + lane), isHalf).Store(scales + lane);
        best = Best(stored: true);
        return _gains[best] >= 0 ? _scales[best] : 0;
    }

    /// <summary>Four clippings of the range with each sign.</summary>
    private void Clip(float up, float down, float step, float shift)
    {
        fixed (float* scales = _scales, places = Places)
        fixed (int* first = IsFirstHalf)
            for (int lane = 0; lane < Candidates; lane += Vector<float>.Count)
            {
                Vector<float> part = Vector<float>.One
                    - new Vector<float>(step) * (Vector.Load(places + lane) + new Vector<float>(shift));
                (Vector.ConditionalSelect(Vector.Load(first + lane), new Vector<float>(up), new Vector<float>(-down))
                    * part).Store(scales + lane);
            }
    }

    /// <summary>The candidate that comes nearest: as it is stored, or with the scale that fits its codes. Σhwq and Σhqq
    /// of the codes q that each scale gives, and its gain: the error is Σhw² less that.</summary>
    private int Best(bool stored)
    {
        // Floats above zero are in the order of their bits; the last three give the index, highest first.
        Vector128<int> best = Vector128.Create(int.MinValue);
        fixed (float* scales = _scales, products = _products, squares = _squares, gains = _gains)
        fixed (int* order = Order)
            for (int lane = 0; lane < Candidates; lane += Vector<float>.Count)
            {
                Vector<float> scale = Vector.Load(scales + lane);
                Vector<float> inverse = Vector<float>.One / scale;
                if (_h == null) Plain(inverse, products + lane, squares + lane);
                else Weighted(inverse, products + lane, squares + lane);
                Vector<float> p = Vector.Load(products + lane), s = Vector.Load(squares + lane);
                // All codes zero: both sums are. A scale that the file cannot hold is infinite, and its gain no number.
                Vector<float> gain = stored ? scale * (p + p - scale * s) : p * p / (s + new Vector<float>(1e-30f));
                gain = Vector.ConditionalSelect(Vector.Equals(gain, gain), gain, new Vector<float>(-1));
                gain.Store(gains + lane);
                Vector<int> keys = gain.As<float, int>() & new Vector<int>(~7) | Vector.Load(order + lane);
                best = Vector128.Max(best, Largest(keys));
            }
        best = Vector128.Max(best, Vector128.Shuffle(best, Vector128.Create(2, 3, 0, 1)));
        return 7 - (Vector128.Max(best, Vector128.Shuffle(best, Vector128.Create(1, 0, 3, 2))).ToScalar() & 7);
    }

    /// <summary>Four lanes that have the largest of the candidates among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Largest(Vector<int> keys)
    {
        if (Vector<int>.Count == 4) return keys.AsVector128();
        Vector256<int> eight = keys.AsVector256();
        return Vector128.Max(eight.GetLower(), eight.GetUpper());
    }

    private readonly void Plain(Vector<float> inverse, float* products, float* squares)
    {
        Vector<float> magic = new(Magic), low = new(Magic + _least),
            high = new(Magic + _most);
        Vector<float> p0 = default, p1 = default, s0 = default, s1 = default;
        float* w = _w;
        // Two sums of each, so that additions need not wait for each other.
        for (float* end = w + _n; w < end; w += 2)
        {
            Vector<float> x = new(w[0]), y = new(w[1]);
            Vector<float> q = Code(x, inverse, magic, low, high), r = Code(y, inverse, magic, low, high);
            p0 = Vector.FusedMultiplyAdd(x, q, p0);
            p1 = Vector.FusedMultiplyAdd(y, r, p1);
            s0 = Vector.FusedMultiplyAdd(q, q, s0);
            s1 = Vector.FusedMultiplyAdd(r, r, s1);
        }
        (p0 + p1).Store(products);
        (s0 + s1).Store(squares);
    }

    private readonly void Weighted(Vector<float> inverse, float* products, float* squares)
    {
        Vector<float> magic = new(Magic), low = new(Magic + _least),
            high = new(Magic + _most);
        Vector<float> p0 = default, p1 = default, s0 = default, s1 = default;
        float* w = _w, h = _h;
        for (float* end = w + _n; w < end; w += 2, h += 2)
        {
            Vector<float> x = new(w[0]), y = new(w[1]);
            Vector<float> q = Code(x, inverse, magic, low, high), r = Code(y, inverse, magic, low, high);
            Vector<float> hq = q * new Vector<float>(h[0]), hr = r * new Vector<float>(h[1]);
            p0 = Vector.FusedMultiplyAdd(x, hq, p0);
            p1 = Vector.FusedMultiplyAdd(y, hr, p1);
            s0 = Vector.FusedMultiplyAdd(q, hq, s0);
            s1 = Vector.FusedMultiplyAdd(r, hr, s1);
        }
        (p0 + p1).Store(products);
        (s0 + s1).Store(squares);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Code(Vector<float> x, Vector<float> inverse, Vector<float> magic, Vector<float> low,
        Vector<float> high) =>
        Vector.MinNative(Vector.MaxNative(Vector.FusedMultiplyAdd(x, inverse, magic), low), high) - magic;
}
