using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>
/// Activations that int8 is too coarse for: some stand far out of their row and take the accuracy of all that share
/// their scale, a unit of 128 or 32 columns; or the row has long tails everywhere, as SiLU(g) · u does. Such a unit is
/// split in two: its integers move to a unit of their own, and what rounding left of it, a hundred times as fine, takes
/// their place. The kernels multiply both; they need not know. Units are split, the coarsest first, while they stand
/// out and make most of the row's error, or while that error is larger than <see cref="Error"/>.
/// <para>Layout of a row's split units: int32 count, int32 unit[15]; then each as the format has
/// a row of one unit.</para>
/// </summary>
internal static unsafe class Outliers
{
    /// <summary>Units of a row that may be split.</summary>
    public const int UnitsMax = 15;
    public const int HeaderBytes = 64;
    /// <summary>Scales of normal activations differ by less.</summary>
    private const float Ratio = 2.0f;
    /// <summary>Part of the row's error (variance) that units must have which stand out.</summary>
    private const float Worth = 0.4f;
    /// <summary>Rounding error beside activations, both as root mean squares; the largest of many results has about
    /// the same one. Normal activations have 0.006.</summary>
    private const float Error = 0.009f;
    /// <summary>Wider rows are judged by a quarter of their activations.</summary>
    private const int SampleColumns = 1024;

    /// <summary>Columns that share a scale; 0 where a format has no units.</summary>
    public static int Unit(ActivationFormat format) => format switch
    {
        ActivationFormat.Groups => Digits.Group,
        ActivationFormat.Blocks => Tiles.Block,
        _ => 0,
    };

    /// <summary>Bytes of one row's split units.</summary>
    public static long Bytes(ActivationFormat format) =>
        Unit(format) == 0 ? 0 : HeaderBytes + UnitsMax * PreparedRows.Bytes(format, Unit(format));

    /// <summary>Splits units of a row of <paramref name="width"/> activations that <paramref name="quantize"/> has just
    /// prepared as <paramref name="q"/>. The same bits on every machine.</summary>
    public static void Split(ActivationFormat format, float* x, byte* q, byte* split, int width,
        QuantizeKernel quantize)
    {
        int unit = Unit(format), units = width / unit;
        float* scales = (float*)(q + width);
        long stride = format == ActivationFormat.Groups ? Digits.RecordBytes / sizeof(float) : 1;
        float limit = Ratio * Typical(scales, units, stride, out float largest, out float squares);
        float allowed = Error * Error * 12 / unit * Energy(x, width);
        *(int*)split = 0;
        if (!(largest > limit) && !(squares > allowed)) return;
        float outside = 0;
        for (int u = 0; u < units; u++)
            if (scales[u * stride] > limit) outside += scales[u * stride] * scales[u * stride];
        if (!(outside >= Worth * squares)) limit = float.MaxValue;
        int* chosen = (int*)split + 1;
        for (int count = 0; count < Math.Min(units, UnitsMax); count++)
        {
            int coarsest = Coarsest(scales, units, stride, chosen, count);
            float scale = scales[coarsest * stride];
            if (!(scale > limit) && !(squares > allowed)) break;
            squares -= scale * scale;
            chosen[count] = coarsest;
            *(int*)split = count + 1;
        }
        for (int i = 0; i < *(int*)split; i++)
            SplitUnit(format, x, q, split + HeaderBytes + i * PreparedRows.Bytes(format, unit), width, chosen[i],
                quantize);
    }

    /// <summary>The unit with the largest scale that was not chosen yet.</summary>
    private static int Coarsest(float* scales, int units, long stride, int* chosen, int count)
    {
        int last = count > 0 ? chosen[count - 1] : -1, best = -1;
        float below = count > 0 ? scales[last * stride] : float.PositiveInfinity;
        for (int u = 0; u < units; u++)
        {
            float scale = scales[u * stride];
            bool left = scale < below || (scale == below && u > last);
            if (left && (best < 0 || scale > scales[best * stride])) best = u;
        }
        return best < 0 ? last : best;
    }

    /// <summary>About the sum of the squares, in one order on every machine.</summary>
    private static float Energy(float* x, int width)
    {
        Vector128<float> a = Vector128<float>.Zero, b = a;
        int step = width > SampleColumns ? 32 : 8;
        for (int c = 0; c < width; c += step)
        {
            Vector128<float> first = Vector128.Load(x + c), second = Vector128.Load(x + c + 4);
            a += first * first;
            b += second * second;
        }
        a += b;
        return (a[0] + a[1] + (a[2] + a[3])) * (step / 8);
    }

    /// <summary>The square of the mean root: a few large ones hardly move it, and small ones do not either.</summary>
    private static float Typical(float* scales, int units, long stride, out float largest, out float squares)
    {
        Vector128<float> sums = Vector128<float>.Zero, most = sums, products = sums;
        int u = 0;
        // Four sums on every machine, so that all split the same units.
        for (; stride == 1 && u + 4 <= units; u += 4)
        {
            Vector128<float> four = Vector128.Load(scales + u);
            sums += Vector128.Sqrt(four);
            most = Vector128.Max(most, four);
            products += four * four;
        }
        squares = products[0] + products[1] + (products[2] + products[3]);
        float sum = sums[0] + sums[1] + (sums[2] + sums[3]);
        largest = Math.Max(Math.Max(most[0], most[1]), Math.Max(most[2], most[3]));
        for (; u < units; u++)
        {
            float scale = scales[u * stride];
            sum += MathF.Sqrt(scale);
            squares += scale * scale;
            if (scale > largest) largest = scale;
        }
        float mean = sum / units;
        return mean * mean;
    }

    [SkipLocalsInit]
    private static void SplitUnit(ActivationFormat format, float* x, byte* q, byte* far, int width, int number,
        QuantizeKernel quantize)
    {
        int unit = Unit(format), units = width / unit;
        float* values = stackalloc float[Digits.Group];
        byte* rest = stackalloc byte[Digits.Group + Digits.RecordBytes];
        quantize(x + number * unit, far, unit, 1);
        float scale = *(float*)(far + unit);
        for (int c = 0; c < unit; c++) values[c] = x[number * unit + c] - scale * (sbyte)far[c];
        quantize(values, rest, unit, 1);
        Buffer.MemoryCopy(rest, q + number * unit, unit, unit);
        byte* records = q + width;
        if (format == ActivationFormat.Groups)
        {
            const int Record = Digits.RecordBytes;
            Buffer.MemoryCopy(rest + unit, records + number * Record, Record, Record);
            return;
        }
        ((float*)records)[number] = *(float*)(rest + unit);
        ((int*)records)[units + number] = *(int*)(rest + unit + sizeof(float));
    }
}
