using Edge.Gguf;
using Edge.Kernels;
using Xunit;

namespace Edge.Tests.Gguf;

public sealed class QuantTypesTests
{
    /// <summary>Bits per weight as ggml's papers and file sizes give them: independent of the table's block
    /// sizes.</summary>
    [Theory]
    [InlineData(QuantType.F32, 32)]
    [InlineData(QuantType.F16, 16)]
    [InlineData(QuantType.BF16, 16)]
    [InlineData(QuantType.Q8_0, 8.5)]
    [InlineData(QuantType.Q4_0, 4.5)]
    [InlineData(QuantType.Q4_1, 5.0)]
    [InlineData(QuantType.Q5_0, 5.5)]
    [InlineData(QuantType.Q5_1, 6.0)]
    [InlineData(QuantType.Q2_K, 2.625)]
    [InlineData(QuantType.Q3_K, 3.4375)]
    [InlineData(QuantType.Q4_K, 4.5)]
    [InlineData(QuantType.Q5_K, 5.5)]
    [InlineData(QuantType.Q6_K, 6.5625)]
    [InlineData(QuantType.IQ1_S, 1.5625)]
    [InlineData(QuantType.IQ1_M, 1.75)]
    [InlineData(QuantType.IQ2_XXS, 2.0625)]
    [InlineData(QuantType.IQ2_XS, 2.3125)]
    [InlineData(QuantType.IQ2_S, 2.5625)]
    [InlineData(QuantType.IQ3_XXS, 3.0625)]
    [InlineData(QuantType.IQ3_S, 3.4375)]
    [InlineData(QuantType.IQ4_NL, 4.5)]
    [InlineData(QuantType.IQ4_XS, 4.25)]
    [InlineData(QuantType.TQ1_0, 1.6875)]
    [InlineData(QuantType.TQ2_0, 2.0625)]
    [InlineData(QuantType.MXFP4, 4.25)]
    [InlineData(QuantType.I2_S, 2)]
    [InlineData(QuantType.DIGITS2_G128, 2.125)]
    [InlineData(QuantType.DIGITS3_G128, 3.125)]
    [InlineData(QuantType.DIGITS4_G128, 4.125)]
    [InlineData(QuantType.DIGITS4_G32, 4.5)]
    [InlineData(QuantType.TERNARY_2_0, 2)]
    [InlineData(QuantType.TERNARY_1_67, 5 / 3.0)]
    [InlineData(QuantType.TERNARY_1_6, 1.6)]
    public void Of_Type_HasPublishedBitsPerWeight(QuantType type, double bits)
    {
        QuantTypeRow row = QuantTypes.Of(type);
        Assert.Equal(bits, 8.0 * row.BlockBytes / row.BlockElements / row.TileRows);
        Assert.Equal(row.Name, type.ToString());
    }

    [Fact]
    public void Rows_EveryNumber_StandsOnce()
    {
        Assert.Equal(Enum.GetValues<QuantType>().Order(), QuantTypes.Rows.Select(row => row.Id).Order());
        Assert.Equal("F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, "
            + "TQ1_0, TQ2_0, I2_S, MXFP4", QuantTypes.Runnable);
        Assert.Null(QuantTypes.Find((QuantType)4));
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantTypes.Of((QuantType)4));
    }

    [Theory]
    [InlineData(QuantType.DIGITS2_G128)]
    [InlineData(QuantType.DIGITS3_G128)]
    [InlineData(QuantType.DIGITS4_G128)]
    [InlineData(QuantType.DIGITS4_G32)]
    [InlineData(QuantType.TERNARY_2_0)]
    [InlineData(QuantType.TERNARY_1_67)]
    [InlineData(QuantType.TERNARY_1_6)]
    public void MatrixBytes_PackedType_IsWhatTheKernelsRead(QuantType type)
    {
        const long Rows = 45, Columns = 384;
        long expected = type switch
        {
            QuantType.DIGITS2_G128 => Digits.Digits2Bytes(Rows, Columns),
            QuantType.DIGITS3_G128 => Digits.Digits3Bytes(Rows, Columns),
            QuantType.DIGITS4_G128 => Digits.Digits4Bytes(Rows, Columns),
            QuantType.DIGITS4_G32 => Digits.Digits4x32Bytes(Rows, Columns),
            QuantType.TERNARY_2_0 => Digits.Ternary2Bytes(Rows, Columns),
            QuantType.TERNARY_1_67 => Digits.Ternary1_67Bytes(Rows, Columns),
            _ => Digits.Ternary1_6Bytes(Rows, Columns),
        };
        QuantTypeRow row = QuantTypes.Of(type);
        Assert.Equal(expected, row.MatrixBytes(Rows, Columns));
        // Each matrix of a stack has tiles and pages of its own.
        long pages = (expected + 4095) / 4096 * 4096;
        Assert.Equal(pages, QuantTypes.Bytes(type, [Columns, Rows]));
        Assert.Equal(3 * pages, QuantTypes.Bytes(type, [Columns, Rows, 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantTypes.RowBytes(type, Columns));
    }

    [Fact]
    public void RowBytes_WholeBlocks_AreCounted()
    {
        Assert.Equal(144, QuantTypes.RowBytes(QuantType.Q4_0, 256));
        Assert.Equal(272, QuantTypes.RowBytes(QuantType.Q8_0, 256));
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantTypes.RowBytes(QuantType.Q4_0, 48));
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantTypes.RowBytes(QuantType.F32, 0));
    }
}
