using Edge.Gguf;

namespace Edge.Tests.Kernels;

/// <summary>Plain encoders of ggml's types, for round trips and test models: least effort in choosing scales, exact in
/// layout.</summary>
internal static class BlockEncoders
{
    public static IReadOnlyList<QuantType> Types { get; } =
    [
        QuantType.F16, QuantType.BF16, QuantType.Q8_0, QuantType.Q4_0, QuantType.Q4_K, QuantType.Q6_K,
        QuantType.TQ1_0, QuantType.TQ2_0,
    ];

    /// <summary>One block.</summary>
    public static byte[] Encode(QuantType type, ReadOnlySpan<float> w)
    {
        var block = new byte[QuantTypes.Of(type).BlockBytes];
        if (type == QuantType.F16) BitConverter.TryWriteBytes(block, (Half)w[0]);
        else if (type == QuantType.BF16)
        {
            uint bits = BitConverter.SingleToUInt32Bits(w[0]);
            BitConverter.TryWriteBytes(block, (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16));
        }
        else if (type is QuantType.Q8_0 or QuantType.Q4_0) Small(block, type, w);
        else if (type == QuantType.Q4_K) Q4_K(block, w);
        else if (type == QuantType.Q6_K) Q6_K(block, w);
        else Ternary(block, type, w);
        return block;
    }

    private static float Largest(ReadOnlySpan<float> w)
    {
        float best = 0;
        foreach (float x in w)
            if (Math.Abs(x) > Math.Abs(best)) best = x;
        return best;
    }

    private static float Half(byte[] block, int at, float scale)
    {
        BitConverter.TryWriteBytes(block.AsSpan(at), (Half)scale);
        return (float)(Half)scale;
    }

    private static int Code(float x, float scale, int least, int most) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(x / scale), least, most);

    private static void Small(byte[] block, QuantType type, ReadOnlySpan<float> w)
    {
        bool eight = type == QuantType.Q8_0;
        float d = Half(block, 0, eight ? Math.Abs(Largest(w)) / 127 : Largest(w) / -8);
        for (int i = 0; i < 32; i++)
        {
            if (eight) block[2 + i] = (byte)Code(w[i], d, -127, 127);
            else block[2 + i % 16] |= (byte)(Code(w[i], d, -8, 7) + 8 << i / 16 * 4);
        }
    }

    private static void Q4_K(byte[] block, ReadOnlySpan<float> w)
    {
        var scales = new float[8];
        var mins = new float[8];
        for (int g = 0; g < 8; g++)
        {
            float least = 0, most = float.MinValue;
            foreach (float x in w.Slice(32 * g, 32)) (least, most) = (Math.Min(least, x), Math.Max(most, x));
            (scales[g], mins[g]) = ((most - least) / 15, -least);
        }
        float d = Half(block, 0, scales.Max() / 63), dmin = Half(block, 2, mins.Max() / 63);
        for (int g = 0; g < 8; g++)
        {
            int s = Code(scales[g], d, 0, 63), m = Code(mins[g], dmin, 0, 63);
            if (g < 4)
            {
                block[4 + g] |= (byte)s;
                block[8 + g] |= (byte)m;
            }
            else
            {
                block[8 + g] = (byte)(s & 15 | (m & 15) << 4);
                block[g] |= (byte)(s >> 4 << 6);
                block[4 + g] |= (byte)(m >> 4 << 6);
            }
            for (int i = 0; i < 32; i++)
                block[16 + g / 2 * 32 + i] |= (byte)(Code(w[32 * g + i] + dmin * m, d * s, 0, 15) << g % 2 * 4);
        }
    }

    private static void Q6_K(byte[] block, ReadOnlySpan<float> w)
    {
        var scales = new float[16];
        for (int h = 0; h < 16; h++) scales[h] = Largest(w.Slice(16 * h, 16)) / -32;
        float d = Half(block, 208, scales.Max(Math.Abs) / 127);
        for (int i = 0; i < 256; i++)
        {
            int s = Code(scales[i / 16], d, -128, 127), q = Code(w[i], d * s, -32, 31) + 32;
            block[192 + i / 16] = (byte)s;
            int part = i / 128, quarter = i % 128 / 32, k = i % 32;
            block[64 * part + 32 * (quarter % 2) + k] |= (byte)((q & 15) << quarter / 2 * 4);
            block[128 + 32 * part + k] |= (byte)(q >> 4 << 2 * quarter);
        }
    }

    private static void Ternary(byte[] block, QuantType type, ReadOnlySpan<float> w)
    {
        bool two = type == QuantType.TQ2_0;
        float d = Half(block, two ? 64 : 52, Math.Abs(Largest(w)));
        var digits = new int[256];
        for (int i = 0; i < 256; i++) digits[i] = Code(w[i], d, -1, 1) + 1;
        if (two)
        {
            for (int i = 0; i < 256; i++) block[i / 128 * 32 + i % 32] |= (byte)(digits[i] << i % 128 / 32 * 2);
            return;
        }
        for (int at = 0; at < 52; at++)
        {
            int number = 0;
            for (int n = 0; n < 5; n++)
            {
                int digit = at < 32 ? digits[n * 32 + at] : at < 48 ? digits[160 + n * 16 + at - 32]
                    : n < 4 ? digits[240 + n * 4 + at - 48] : 0;
                number = number * 3 + digit;
            }
            block[at] = (byte)((number * 256 + 242) / 243);
        }
    }
}
