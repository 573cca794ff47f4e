using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>
/// Activations that stand far out of their row. In int8 they would take the accuracy of all that share their scale, a
/// unit of 128 or 32 columns. A unit whose scale is much larger than the row's usual one is split in two: its integers
/// move to a unit of their own, and what rounding left of it, a hundred times as fine, takes their place. The kernels
/// multiply both; they need not know.
/// <para>Only where such units make most of the row's error: a row of long tails (SiLU(g) · u) has some large units
/// everywhere, and splitting the few largest would cost time and mend little.</para>
/// <para>Layout of a row's split units: int32 count, int32 unit[8], zeros to 64 bytes; then each as the format has
/// a row of one unit.</para>
/// </summary>
internal static unsafe class Outliers
{
    /// <summary>Units of a row that may be split; the furthest ones are, when there are more.</summary>
    public const int UnitsMax = 8;
    public const int HeaderBytes = 64;
    /// <summary>Scales of normal activations differ by less.</summary>
    private const float Ratio = 2.0f;
    /// <summary>Part of the row's rounding error (variance) that the split units must have.</summary>
    private const float Worth = 0.4f;

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
        int unit = Unit(format), units = width / unit, count = 0;
        int* chosen = (int*)split + 1;
        float* scales = (float*)(q + width);
        long stride = format == ActivationFormat.Groups ? Digits.RecordBytes / sizeof(float) : 1;
        float limit = Ratio * Typical(scales, units, stride, out float largest, out float squares);
        *(int*)split = 0;
        if (!(largest > limit)) return;
        for (int u = 0; u < units; u++)
        {
            float scale = scales[u * stride];
            if (!(scale > limit)) continue;
            if (count < UnitsMax) chosen[count++] = u;
            else
            {
                int least = 0;
                for (int i = 1; i < UnitsMax; i++)
                    if (scales[chosen[i] * stride] < scales[chosen[least] * stride]) least = i;
                if (scale > scales[chosen[least] * stride]) chosen[least] = u;
            }
        }
        float taken = 0;
        for (int i = 0; i < count; i++) taken += scales[chosen[i] * stride] * scales[chosen[i] * stride];
        if (!(taken >= Worth * squares)) return;
        *(int*)split = count;
        for (int i = 0; i < count; i++)
            SplitUnit(format, x, q, split + HeaderBytes + i * PreparedRows.Bytes(format, unit), width, chosen[i],
                quantize);
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
