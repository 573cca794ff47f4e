using Edge.Gguf;
using Edge.Kernels;
using Xunit;
using Values = Edge.Tests.Kernels.MatrixKernelTests.Values;

namespace Edge.Tests.Kernels;

/// <summary>Tiles of the packed types for kernel tests, from weights over the type's whole range.</summary>
internal static unsafe class PackedMatrices
{
    public static NativeBytes Tile(QuantType type, Values values, int columns, int rows)
    {
        var tiles = new NativeBytes(QuantTypes.Of(type).MatrixBytes(rows, columns), 0xFF);
        if (type == QuantType.DIGITS4_G32)
        {
            using var w = new NativeBytes(QuantTypes.RowBytes(QuantType.Q4_0, columns) * rows);
            Matrices.FillWeights(w.Span, QuantType.Q4_0, values, columns + rows);
            Assert.Equal(0, Digits4x32Scalar.Pack(w.Pointer, tiles.Pointer, columns, rows));
            return tiles;
        }
        (int least, int most) = Range(type);
        bool perRow = least == -1;
        using var weights = new NativeBytes((long)rows * columns);
        using var scales = new NativeBytes(2L * rows * (perRow ? 1 : columns / 128));
        Fill(weights.Span, scales.Span, least, most, values, new Random(columns + rows));
        // Its scales are unsigned.
        if (type == QuantType.TERNARY_1_67)
            for (int i = 1; i < scales.Span.Length; i += 2) scales.Span[i] &= 0x7F;
        Packer(type)((sbyte*)weights.Pointer, (ushort*)scales.Pointer, tiles.Pointer, columns, rows);
        return tiles;
    }

    private static (int Least, int Most) Range(QuantType type) => type switch
    {
        QuantType.DIGITS2_G128 or QuantType.NESTED4_HI => (-2, 1),
        QuantType.DIGITS3_G128 => (-4, 3),
        QuantType.DIGITS4_G128 => (-8, 7),
        _ => (-1, 1),
    };

    private static PackDigitsKernel Packer(QuantType type) => type switch
    {
        QuantType.DIGITS2_G128 or QuantType.NESTED4_HI => &Digits2Scalar.Pack,
        QuantType.DIGITS3_G128 => &Digits3Scalar.Pack,
        QuantType.DIGITS4_G128 => &Digits4Scalar.Pack,
        QuantType.TERNARY_2_0 => &Ternary2Scalar.Pack,
        QuantType.TERNARY_1_67 => &Ternary1_67Scalar.Pack,
        _ => &Ternary1_6Scalar.Pack,
    };

    private static void Fill(Span<byte> weights, Span<byte> scales, int least, int most, Values values, Random random)
    {
        foreach (ref byte weight in weights)
        {
            int end = random.Next(2) == 0 ? least : most;
            weight = (byte)(values == Values.Zeros ? 0 : values == Values.Random ? random.Next(least, most + 1) : end);
        }
        for (int i = 0; i < scales.Length; i += 2)
        {
            // Extremes: as large as a product still is finite with, a negative and a tiny one.
            float extreme = random.Next(3) switch { 0 => 1e30f, 1 => -0.5f, _ => 1e-30f };
            float scale = values == Values.Extremes ? extreme : random.NextSingle() - 0.5f;
            BitConverter.TryWriteBytes(scales[i..], (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16));
        }
    }
}
