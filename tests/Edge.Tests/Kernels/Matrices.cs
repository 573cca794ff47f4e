using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Values = Edge.Tests.Kernels.MatrixKernelTests.Values;

namespace Edge.Tests.Kernels;

/// <summary>Weights and activations for kernel tests, and a reading of the file formats that shares no code with the
/// kernels.</summary>
internal static unsafe class Matrices
{
    public static void FillWeights(Span<byte> bytes, QuantType type, Values values, int seed)
    {
        var random = new Random(seed);
        if (values == Values.Zeros) bytes.Clear();
        else if (type == QuantType.F32) Each(MemoryMarshal.Cast<byte, float>(bytes), values, random, x => x);
        else if (type == QuantType.F16) Each(MemoryMarshal.Cast<byte, Half>(bytes), values, random, x => (Half)x);
        else if (type == QuantType.BF16)
            Each(MemoryMarshal.Cast<byte, ushort>(bytes), values, random,
                x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16));
        else FillBlocks(bytes, QuantTypes.Of(type).BlockBytes, values, random);
    }

    public static void FillActivations(Span<float> x, Values values, int seed)
    {
        if (values == Values.Zeros) x.Clear();
        else Each(x, values, new Random(seed), v => v);
    }

    /// <summary>The same weights as FillWeights gives for that shape, packed.</summary>
    public static NativeBytes Tile(QuantType type, Values values, int columns, int rows)
    {
        if (QuantTypes.Of(type).IsPacked) return PackedMatrices.Tile(type, values, columns, rows);
        using var w = new NativeBytes(QuantTypes.RowBytes(type, columns) * rows);
        FillWeights(w.Span, type, values, columns + rows);
        TileLayout layout = KernelSet.Choose("scalar").Layout(type)!;
        var tiles = new NativeBytes(layout.Bytes(rows, columns), 0xFF);
        long bad = layout.Pack(w.Pointer, tiles.Pointer, columns, rows);
        return bad == 0 ? tiles : throw new InvalidOperationException($"{bad} scales are not finite");
    }

    public static NativeBytes Prepare(Values values, int columns, int tokens, QuantType type = QuantType.Q4_0)
    {
        using var x = new NativeBytes(4L * columns * tokens);
        FillActivations(x.FloatSpan, values, tokens);
        ActivationFormat format = KernelSet.Choose("scalar").Layout(type)!.Activations;
        var q = new NativeBytes(PreparedRows.Bytes(format, columns) * tokens, 0xFF);
        QuantizeKernel quantize = format switch
        {
            ActivationFormat.Groups => &DigitsScalar.QuantizeGroups,
            ActivationFormat.Token => &DigitsScalar.QuantizeTokens,
            _ => &ActivationsScalar.Quantize,
        };
        quantize(x.Floats, q.Pointer, columns, tokens);
        return q;
    }

    /// <summary>One weight of a row-major matrix, from the format's definition.</summary>
    public static double Weight(ReadOnlySpan<byte> w, QuantType type, int columns, int row, int column)
    {
        int index = row * columns + column;
        if (type == QuantType.F32) return MemoryMarshal.Cast<byte, float>(w)[index];
        if (type == QuantType.F16) return (double)MemoryMarshal.Cast<byte, Half>(w)[index];
        if (type == QuantType.BF16)
            return BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Cast<byte, ushort>(w)[index] << 16);
        int blockBytes = QuantTypes.Of(type).BlockBytes;
        ReadOnlySpan<byte> block = w.Slice(index / 32 * blockBytes, blockBytes);
        double scale = (double)MemoryMarshal.Read<Half>(block);
        int i = index % 32;
        if (type == QuantType.Q8_0) return (sbyte)block[2 + i] * scale;
        return ((i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8) * scale;
    }

    private static void Each<T>(Span<T> target, Values values, Random random, Func<float, T> convert)
    {
        for (int i = 0; i < target.Length; i++)
        {
            float large = random.Next(2) == 0 ? 60000f : -60000f;
            float extreme = random.Next(4) == 0 ? 5e-7f : large;
            target[i] = convert(values == Values.Extremes ? extreme : random.NextSingle() * 2 - 1);
        }
    }

    private static void FillBlocks(Span<byte> bytes, int blockBytes, Values values, Random random)
    {
        for (int at = 0; at < bytes.Length; at += blockBytes)
        {
            Span<byte> block = bytes.Slice(at, blockBytes);
            random.NextBytes(block);
            // Extremes: −128 (Q8_0) and nibbles 0 or 15 (Q4_0), with the largest, a negative and a subnormal scale.
            if (values == Values.Extremes)
            {
                foreach (ref byte quant in block[2..])
                    quant = random.Next(3) switch { 0 => 0x80, 1 => 0x7F, _ => 0xF0 };
                float scale = random.Next(3) switch { 0 => 65504f, 1 => -0.5f, _ => 6e-8f };
                MemoryMarshal.Write(block, (Half)scale);
            }
            else MemoryMarshal.Write(block, (Half)(random.NextSingle() - 0.5f));
        }
    }
}
