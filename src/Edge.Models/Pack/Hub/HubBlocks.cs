using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>4-bit matrices as hubs store them, to rows of blocks as GGUF has them: no value is rounded. Where their
/// bits stand is what <see cref="HubDecoder"/> says.</summary>
internal static unsafe class HubBlocks
{
    /// <summary>Of one block's codes, two a byte.</summary>
    public const int Mxfp4Bytes = 16;
    private const int Block = 32, Q4Bytes = 18, Q8Bytes = 34, Mxfp4Row = 1 + Mxfp4Bytes;

    /// <summary>GPTQ or AWQ to Q4_0 (every zero is 8) or Q8_0. <paramref name="scales"/>: halves
    /// [groups][rows].</summary>
    public static void Write(HubForm form, QuantType type, uint* weights, uint* zeros, ushort* scales, byte* to,
        long rows, long columns, long groups, int zeroOffset)
    {
        bool isFour = type == QuantType.Q4_0;
        long size = columns / groups, blocks = columns / Block, rowBytes = blocks * (isFour ? Q4Bytes : Q8Bytes);
        for (long b = 0; b < blocks; b++)
        {
            long g = b * Block / size;
            for (long r = 0; r < rows; r++)
            {
                byte* block = to + r * rowBytes + b * (isFour ? Q4Bytes : Q8Bytes);
                *(ushort*)block = scales[g * rows + r];
                block += sizeof(ushort);
                for (int i = 0; isFour && i < Block / 2; i++)
                    block[i] = (byte)(Code(form, weights, rows, r, b * Block + i)
                        | Code(form, weights, rows, r, b * Block + i + Block / 2) << 4);
                if (isFour) continue;
                int zero = form == HubForm.Awq ? Code(HubForm.Awq, zeros, rows, r, g)
                    : (int)(zeros[g * (rows / 8) + r / 8] >> (int)(r % 8 * 4) & 15) + zeroOffset;
                for (int i = 0; i < Block; i++)
                    block[i] = (byte)(Code(form, weights, rows, r, b * Block + i) - zero);
            }
        }
    }

    /// <summary>Hubs put two neighbours in a byte, the first in its low half; GGUF the columns i and i + 16, behind
    /// the block's exponent. <paramref name="blocks"/>: of all rows, one block after another.</summary>
    public static void Mxfp4(byte* codes, byte* exponents, byte* to, long blocks)
    {
        for (long b = 0; b < blocks; b++, codes += Mxfp4Bytes, to += Mxfp4Row)
        {
            *to = exponents[b];
            for (int i = 0; i < Mxfp4Bytes; i++)
            {
                int low = codes[i / 2] >> 4 * (i & 1) & 15, high = codes[(i + Mxfp4Bytes) / 2] >> 4 * (i & 1) & 15;
                to[1 + i] = (byte)(low | high << 4);
            }
        }
    }

    /// <summary>The integer of a row and column.</summary>
    private static int Code(HubForm form, uint* weights, long rows, long row, long column) => form == HubForm.Gptq
        ? (int)(weights[column / 8 * rows + row] >> (int)(column % 8 * 4) & 15)
        : (int)(weights[column * (rows / 8) + row / 8] >> HubDecoder.AwqShift((int)(row % 8)) & 15);
}
