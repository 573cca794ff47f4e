using Edge.Gguf;
using Edge.Kernels;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>Round trips: what was decoded encodes to itself, and what was not is off by half a step at most.</summary>
public sealed unsafe class BlockEncoderTests
{
    public static TheoryData<QuantType> Types() => [.. BlockEncoders.Types];

    [Theory]
    [MemberData(nameof(Types))]
    public void Encode_DecodedValues_GivesNearlyThemAgain(QuantType type)
    {
        var random = new Random((int)type);
        int columns = QuantTypes.Of(type).BlockElements;
        var w = new float[columns];
        for (int run = 0; run < 200; run++)
        {
            float size = MathF.Pow(10, random.Next(-3, 3));
            for (int i = 0; i < columns; i++) w[i] = (random.NextSingle() * 2 - 1) * size;
            float[] once = Decode(type, BlockEncoders.Encode(type, w)), again = Decode(type,
                BlockEncoders.Encode(type, once));
            // Six-bit scales are found again only where the choice is the same; weights are off by a step of a scale.
            float tolerance = type is QuantType.Q4_K or QuantType.Q6_K ? size / 16 : 0;
            for (int i = 0; i < columns; i++) Assert.InRange(again[i], once[i] - tolerance, once[i] + tolerance);
        }
    }

    [Theory]
    [InlineData(QuantType.F16, 0.0005)]
    [InlineData(QuantType.BF16, 0.004)]
    [InlineData(QuantType.Q8_0, 0.0045)]
    [InlineData(QuantType.Q4_0, 0.13)]
    [InlineData(QuantType.Q4_K, 0.085)]
    [InlineData(QuantType.Q6_K, 0.035)]
    [InlineData(QuantType.TQ1_0, 0.51)]
    [InlineData(QuantType.TQ2_0, 0.51)]
    public void Encode_UniformWeights_AreOffByHalfAStep(QuantType type, double bound)
    {
        var random = new Random(1);
        int columns = QuantTypes.Of(type).BlockElements;
        var w = new float[columns];
        double worst = 0;
        for (int run = 0; run < 100; run++)
        {
            for (int i = 0; i < columns; i++) w[i] = random.NextSingle() * 2 - 1;
            float[] decoded = Decode(type, BlockEncoders.Encode(type, w));
            for (int i = 0; i < columns; i++) worst = Math.Max(worst, Math.Abs(w[i] - decoded[i]));
        }
        Assert.InRange(worst, bound / 5, bound);
    }

    private static float[] Decode(QuantType type, byte[] block)
    {
        var y = new float[QuantTypes.Of(type).BlockElements];
        fixed (byte* b = block)
        fixed (float* to = y) FloatScalar.Decode(b, to, y.Length, (int)type);
        return y;
    }
}
