using Edge.Gguf;
using Edge.Kernels;
using Edge.Models.Pack;
using Edge.Tests.Kernels;
using Xunit;

namespace Edge.Tests.Models.Pack;

public sealed unsafe class SourceRowsTests
{
    public static TheoryData<QuantType> Types() => [.. QuantTypes.Rows
        .Where(row => row is { Runs: true, IsPacked: false }).Select(row => row.Id)];

    /// <summary>Random bytes are rows with every integer and scale, infinite ones among them.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void Decode_RandomBytes_GivesTheBitsOfTheSpecification(QuantType type)
    {
        const int Columns = 1024;
        var random = new Random((int)type);
        int bytes = (int)QuantTypes.RowBytes(type, Columns) + (type == QuantType.I2_S ? sizeof(float) : 0);
        using var row = new NativeBytes(bytes);
        using var expected = new NativeBytes(Columns * sizeof(float), 0xFF);
        using var actual = new NativeBytes(Columns * sizeof(float), 0xFF);
        long numbers = 0;
        for (int run = 0; run < 40; run++)
        {
            random.NextBytes(row.Span);
            FloatScalar.Decode(row.Pointer, expected.Floats, Columns, (int)type);
            long bad = SourceRows.Decode(row.Pointer, actual.Floats, Columns, type), wanted = 0;
            for (int c = 0; c < Columns; c++)
            {
                float a = expected.Floats[c], b = actual.Floats[c];
                if (!float.IsFinite(a)) wanted++;
                // The sign of what is no number is the processor's affair.
                Assert.True(BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b)
                    || float.IsNaN(a) && float.IsNaN(b), $"{type}, run {run}, column {c}: {b:R} instead of {a:R}");
            }
            Assert.Equal(wanted, bad);
            numbers += Columns - wanted;
        }
        Assert.True(numbers > 0, "no row has numbers");
    }
}
