using Edge.Gguf;
using Edge.Models.Pack;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>4-bit integers less a zero, to Q4_1: compared with their own products.</summary>
public sealed unsafe class AffineBlocksTests
{
    private const int Columns = 64;

    /// <summary>Every zero that GPTQ (1 to 16) and AWQ (0 to 15) have, with codes from first to last.</summary>
    [Theory]
    [InlineData(0, 15)]
    [InlineData(1, 13)]
    [InlineData(5, 6)]
    public void Write_EveryZero_LosesNoMoreThanTheRoundingOfTheOffset(int first, int last)
    {
        var random = new Random(first);
        for (int zero = 0; zero <= 16; zero++)
        {
            foreach (double scale in (double[])[0.0173, -0.0031, 4093.7, Math.Pow(2, -24), 0])
            {
                float d = (float)(Half)scale;
                float[] expected = new float[Columns], decoded = new float[Columns];
                byte[] from = new byte[68], to = new byte[40];
                for (int b = 0; b < 2; b++)
                {
                    BitConverter.TryWriteBytes(from.AsSpan(34 * b), (Half)scale);
                    for (int i = 0; i < 32; i++)
                    {
                        int code = i < 2 ? i * (last - first) + first : random.Next(first, last + 1);
                        from[34 * b + 2 + i] = (byte)(code - zero);
                        expected[32 * b + i] = (code - zero) * d;
                    }
                }
                fixed (byte* source = from, target = to)
                fixed (float* y = decoded)
                {
                    AffineBlocks.Write(source, target, Columns);
                    Assert.Equal(0, SourceRows.Decode(target, y, Columns, QuantType.Q4_1));
                }
                for (int b = 0; b < 2; b++)
                    Assert.Equal(from[(34 * b)..(34 * b + 2)], to[(20 * b)..(20 * b + 2)]);
                // Half a step of the largest offset that 16 codes can ask for; 8 is no further than 7 codes away, if
                // not all sixteen are used, and is not rounded.
                double step = zero is >= 6 and <= 9 && last - first < 13 ? 0 : Math.Abs(d) * 16 / 2048;
                for (int i = 0; i < Columns; i++)
                    Assert.InRange(Math.Abs(decoded[i] - (double)expected[i]), 0, step);
            }
        }
    }
}
