using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>Rows of 4-bit integers less a zero of their own, to Q4_1: w = d · q + m, where m = −d · zero. d and q are
/// those of the source; m alone is rounded, to half precision.</summary>
internal static unsafe class AffineBlocks
{
    private const int Block = 32, From = 34, To = 20, Most = 15;

    /// <summary>A row of Q8_0, in each block of which the largest integer is at most 15 above the smallest.</summary>
    public static void Write(byte* from, byte* to, long columns)
    {
        for (long c = 0; c < columns; c += Block, from += From, to += To)
        {
            sbyte* values = (sbyte*)from + sizeof(ushort);
            (int least, int largest) = (values[0], values[0]);
            for (int i = 1; i < Block; i++)
                (least, largest) = (Math.Min(least, values[i]), Math.Max(largest, values[i]));
            float scale = FloatScalar.FromF16(*(ushort*)from);
            int zero = Zero(scale, -least, Most - largest);
            *(ushort*)to = *(ushort*)from;
            *(ushort*)(to + sizeof(ushort)) = FloatScalar.ToF16(-scale * zero);
            for (int i = 0; i < Block / 2; i++)
                to[2 * sizeof(ushort) + i] =
                    (byte)(values[i] + zero | values[i + Block / 2] + zero << 4);
        }
    }

    /// <summary>Few blocks use all sixteen codes, so several zeros serve: the one whose offset is rounded least. A
    /// power of two is not rounded at all.</summary>
    private static int Zero(float scale, int first, int last)
    {
        int best = first;
        float least = float.PositiveInfinity;
        for (int zero = first; zero <= last; zero++)
        {
            float offset = -scale * zero, error = Math.Abs(Rounding.ToF16(offset) - offset);
            if (error < least) (best, least) = (zero, error);
        }
        return best;
    }
}
