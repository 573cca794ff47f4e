using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack.Hub;

/// <summary>4-bit and ternary matrices as hubs store them, to float32, row after row.</summary>
internal static unsafe class HubDecoder
{
    /// <summary>Where AWQ puts the eight columns of a word, from the lowest bits on.</summary>
    private static ReadOnlySpan<byte> AwqOrder => [0, 2, 4, 6, 1, 3, 5, 7];

    /// <summary>Where in its word AWQ puts the column that is the <paramref name="index"/>th of eight.</summary>
    public static int AwqShift(int index) => (index & 1) * 16 + index / 2 * 4;

    /// <summary>GPTQ: weights int32 [columns / 8][rows], zeros int32 [groups][rows / 8] (less 1, unless the format is
    /// v2), scales [groups][rows], groups int32 [columns] or none: in their order.</summary>
    public static void Gptq(uint* weights, uint* zeros, float* scales, int* groups, float* to, long rows, long columns,
        long groupCount, int zeroOffset, SafetensorsEntry entry)
    {
        long size = columns / groupCount;
        for (long c = 0; c < columns; c++)
        {
            long g = groups == null ? c / size : groups[c];
            if (g < 0 || g >= groupCount) throw entry.Wrong($"has its column {c} in group {g} of {groupCount}");
            for (long r = 0; r < rows; r++)
            {
                int q = (int)(weights[c / 8 * rows + r] >> (int)(c % 8 * 4) & 15);
                int z = (int)(zeros[g * (rows / 8) + r / 8] >> (int)(r % 8 * 4) & 15) + zeroOffset;
                to[r * columns + c] = (q - z) * scales[g * rows + r];
            }
        }
    }

    /// <summary>AWQ: weights int32 [columns][rows / 8], zeros int32 [groups][rows / 8], scales
    /// [groups][rows].</summary>
    public static void Awq(uint* weights, uint* zeros, float* scales, float* to, long rows, long columns,
        long groupCount)
    {
        long size = columns / groupCount, words = rows / 8;
        for (long c = 0; c < columns; c++)
        {
            long g = c / size;
            for (long word = 0; word < words; word++)
            {
                uint w = weights[c * words + word], z = zeros[g * words + word];
                for (int i = 0; i < 8; i++)
                {
                    long r = word * 8 + AwqOrder[i];
                    to[r * columns + c] = ((int)(w >> 4 * i & 15) - (int)(z >> 4 * i & 15)) * scales[g * rows + r];
                }
            }
        }
    }

    /// <summary>Packed BitNet: bytes [rows / 4][columns], bits 2i of row r are row r + i · rows / 4, less 1; times one
    /// scale. Errors: ModelFolderException for a code of 3.</summary>
    public static void BitNet(byte* weights, float scale, float* to, long rows, long columns, SafetensorsEntry entry)
    {
        long quarter = rows / 4;
        for (long r = 0; r < quarter; r++)
            for (long c = 0; c < columns; c++)
            {
                int packed = weights[r * columns + c];
                for (int i = 0; i < 4; i++)
                {
                    int code = packed >> 2 * i & 3;
                    if (code == 3) throw entry.Wrong($"has a code that is none of three, in row {r}, column {c}");
                    to[(i * quarter + r) * columns + c] = (code - 1) * scale;
                }
            }
    }

    /// <summary>Values of a float type to float32. Errors: ModelFolderException for any other type.</summary>
    public static void Floats(SafetensorsEntry entry, byte* from, float* to, long count)
    {
        for (long i = 0; i < count; i++)
            to[i] = entry.Type switch
            {
                "F32" => ((float*)from)[i],
                "F16" => FloatScalar.FromF16(((ushort*)from)[i]),
                "BF16" => BitConverter.UInt32BitsToSingle((uint)((ushort*)from)[i] << 16),
                _ => throw entry.Wrong($"is {entry.Type}; F32, F16 or BF16 are possible here"),
            };
    }

    /// <summary>The type here of a float matrix; null for any other.</summary>
    public static QuantType? TypeOf(string type) => type switch
    {
        "F32" => QuantType.F32, "F16" => QuantType.F16, "BF16" => QuantType.BF16, _ => null,
    };

    /// <summary>Rows of halves to rows of neighbours, head by head: row i of the first half goes to 2i, of the second
    /// to 2i + 1.</summary>
    public static void Permute(byte* from, byte* to, long rows, long rowBytes, int heads)
    {
        long size = rows / heads;
        for (long r = 0; r < rows; r++)
        {
            long head = r / size, i = r % size, half = size / 2;
            long target = head * size + (i < half ? 2 * i : 2 * (i - half) + 1);
            Buffer.MemoryCopy(from + r * rowBytes, to + target * rowBytes, rowBytes, rowBytes);
        }
    }
}
