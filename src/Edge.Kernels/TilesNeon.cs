using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>What the NEON kernels of the eight-row tiles share.</summary>
public static unsafe class TilesNeon
{
    /// <summary>Scales of rows 0 … 3: finite halves to float, exact (the loader refuses others).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ScalesLow(Vector128<short> halves) =>
        Rebias(AdvSimd.ShiftLeftLogicalWideningLower(halves.GetLower(), 13));

    /// <summary>Scales of rows 4 … 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ScalesHigh(Vector128<short> halves) =>
        Rebias(AdvSimd.ShiftLeftLogicalWideningUpper(halves, 13));

    /// <summary>Writes the first <paramref name="rows"/> (at most eight) results of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* y, Vector128<float> low, Vector128<float> high, long rows)
    {
        if (rows >= Tiles.Rows)
        {
            AdvSimd.Store(y, low);
            AdvSimd.Store(y + 4, high);
        }
        else
        {
            StoreSome(y, low, high, rows);
        }
    }

    private static void StoreSome(float* y, Vector128<float> low, Vector128<float> high, long rows)
    {
        if (rows >= 4)
        {
            AdvSimd.Store(y, low);
            y += 4;
            rows -= 4;
            low = high;
        }
        if (rows > 0) y[0] = low.GetElement(0);
        if (rows > 1) y[1] = low.GetElement(1);
        if (rows > 2) y[2] = low.GetElement(2);
    }

    // The sign was extended over the bits that a half does not have; the multiplication rebiases the exponent,
    // subnormals included.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Rebias(Vector128<int> widened) =>
        (widened & Vector128.Create(unchecked((int)0x8FFFE000))).AsSingle() * Vector128.Create(5.192296858534828e33f);
}
