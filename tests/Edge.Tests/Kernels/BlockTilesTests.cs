using Edge.Kernels;
using Xunit;

namespace Edge.Tests.Kernels;

/// <summary>ggml's blocks in tiles: the packers and the specification, against the rows that the file has.</summary>
public sealed unsafe class BlockTilesTests
{
    private static readonly int[] Formats = [BlockTiles.Q4_1, BlockTiles.Q5_0, BlockTiles.Q5_1, BlockTiles.Q2_K,
        BlockTiles.Q3_K, BlockTiles.Q4_K, BlockTiles.Q5_K, BlockTiles.Q6_K, BlockTiles.IQ4_NL, BlockTiles.IQ4_XS,
        Blocks.TQ1_0, BlockTiles.TQ2_0, BlockTiles.I2_S, BlockTiles.MXFP4];

    public static TheoryData<int, int> Matrices()
    {
        var data = new TheoryData<int, int>();
        foreach (int format in Formats)
            foreach (int rows in (int[])[1, 8, 13]) data.Add(format, rows);
        return data;
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    public void Decode_OfPackedRows_GivesTheBitsOfTheFile(int format, int rows)
    {
        int columns = 3 * (int)BlockTiles.Columns(Tile(format));
        using NativeBytes file = RandomRows(format, rows, columns), tiles = Packed(file, format, rows, columns);
        using NativeBytes actual = new(columns * sizeof(float)), expected = new(columns * sizeof(float));
        var seen = new HashSet<float>();
        for (int r = 0; r < rows; r++)
        {
            DecodeFile(file, expected.Floats, columns, r, format);
            BlockTilesScalar.Decode(tiles.Pointer, actual.Floats, columns, r, Tile(format));
            for (int c = 0; c < columns; c++)
            {
                // A zero may have either sign.
                Assert.True(actual.FloatSpan[c] == expected.FloatSpan[c], $"row {r}, column {c}");
                seen.Add(actual.FloatSpan[c]);
            }
        }
        int fewest = format is Blocks.TQ1_0 or BlockTiles.TQ2_0 or BlockTiles.I2_S ? 3 : 17;
        Assert.True(seen.Count >= fewest, "the rows have no variety");
    }

    [Theory]
    [MemberData(nameof(Matrices))]
    public void Rows_OfRandomBlocks_AgreesWithTheDoubleProduct(int format, int rows)
    {
        const int tokens = 2;
        int columns = 3 * (int)BlockTiles.Columns(Tile(format));
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        var random = new Random(format + rows);
        using NativeBytes file = RandomRows(format, rows, columns), tiles = Packed(file, format, rows, columns);
        using NativeBytes x = new(tokens * columns * sizeof(float)), q = new(tokens * tokenBytes, 0xFF);
        using NativeBytes y = new(tokens * rows * sizeof(float)), w = new(columns * sizeof(float));
        for (int i = 0; i < tokens * columns; i++) x.FloatSpan[i] = random.NextSingle() * 2 - 1;
        ActivationsScalar.QuantizeSums(x.Floats, q.Pointer, columns, tokens);
        Scalar(format)(tiles.Pointer, q.Pointer, y.Floats, columns, 0, rows, tokens, rows);
        for (int r = 0; r < rows; r++)
        {
            BlockTilesScalar.Decode(tiles.Pointer, w.Floats, columns, r, Tile(format));
            for (int t = 0; t < tokens; t++)
            {
                byte* token = q.Pointer + t * tokenBytes;
                double sum = 0, magnitude = 0;
                for (int c = 0; c < columns; c++)
                {
                    double product = (double)w.FloatSpan[c] * ((sbyte*)token)[c] * ((float*)(token + columns))[c / 32];
                    sum += product;
                    magnitude += Math.Abs(product);
                }
                Assert.True(Math.Abs(y.FloatSpan[t * rows + r] - sum) <= 2e-6 * magnitude,
                    $"row {r}, token {t}: {y.FloatSpan[t * rows + r]} instead of {sum}");
                Assert.NotEqual(0, sum);
            }
        }
    }

    [Fact]
    public void QuantizeSums_OfTwoTokens_HasTheSumsOfItsIntegers()
    {
        const int columns = 96, tokens = 2;
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        Assert.Equal(192, tokenBytes);
        var random = new Random(7);
        using NativeBytes x = new(tokens * columns * sizeof(float)), q = new(tokens * tokenBytes, 0xFF);
        using var alone = new NativeBytes(tokens * Tiles.ActivationBytes(columns));
        for (int i = 0; i < tokens * columns; i++) x.FloatSpan[i] = random.NextSingle() * 2 - 1;
        ActivationsScalar.QuantizeSums(x.Floats, q.Pointer, columns, tokens);
        ActivationsScalar.Quantize(x.Floats, alone.Pointer, columns, tokens);
        for (int t = 0; t < tokens; t++)
        {
            byte* token = q.Pointer + t * tokenBytes;
            // The integers and the scales are those of Quantize.
            byte* other = alone.Pointer + t * Tiles.ActivationBytes(columns);
            Assert.True(new Span<byte>(token, columns + columns / 8)
                .SequenceEqual(new Span<byte>(other, columns + columns / 8)));
            float* sums = (float*)(token + columns + columns / 8);
            short* pairs = (short*)(sums + columns / 16);
            for (int h = 0; h < columns / 16; h++)
            {
                int first = 0, second = 0;
                for (int i = 0; i < 16; i++)
                {
                    if (i % 4 < 2) first += ((sbyte*)token)[h * 16 + i];
                    else second += ((sbyte*)token)[h * 16 + i];
                }
                Assert.Equal((first + second, first, second), ((int)sums[h], pairs[2 * h], pairs[2 * h + 1]));
            }
            for (byte* rest = (byte*)(pairs + columns / 8); rest < token + tokenBytes; rest++) Assert.Equal(0, *rest);
        }
    }

    private static NativeBytes Packed(NativeBytes file, int format, int rows, int columns)
    {
        var tiles = new NativeBytes((rows + 7) / 8 * BlockTiles.TileBytes(columns, Tile(format)), 0xFF);
        Assert.Equal(0, Pack(format)(file.Pointer, tiles.Pointer, columns, rows));
        return tiles;
    }

    private static int Tile(int format) => format == Blocks.TQ1_0 ? BlockTiles.TQ2_0 : format;

    /// <summary>A row of the file to float; I2_S's scale stands behind the rows there, and before each row where
    /// <see cref="BlocksScalar.Decode"/> reads it.</summary>
    private static void DecodeFile(NativeBytes file, float* y, int columns, int row, int format)
    {
        int rowBytes = (int)Blocks.RowBytes(columns, format);
        if (format != BlockTiles.I2_S)
        {
            BlocksScalar.Decode(file.Pointer + row * rowBytes, y, columns, format);
            return;
        }
        using var alone = new NativeBytes(rowBytes);
        file.Span[^4..].CopyTo(alone.Span);
        file.Span.Slice(row * (rowBytes - 4), rowBytes - 4).CopyTo(alone.Span[4..]);
        BlocksScalar.Decode(alone.Pointer, y, columns, format);
    }

    /// <summary>Rows of random bytes with finite scales.</summary>
    private static NativeBytes RandomRows(int format, int rows, int columns)
    {
        var random = new Random(1000 + format);
        int[] halves = format switch
        {
            BlockTiles.Q4_1 or BlockTiles.Q5_1 or BlockTiles.Q4_K or BlockTiles.Q5_K => [0, 2],
            BlockTiles.Q2_K => [80, 82],
            BlockTiles.Q3_K => [108],
            BlockTiles.Q6_K => [208],
            Blocks.TQ1_0 => [52],
            BlockTiles.TQ2_0 => [64],
            BlockTiles.MXFP4 or BlockTiles.I2_S => [],
            _ => [0],
        };
        long rowBytes = Blocks.RowBytes(columns, format);
        int blockBytes = (int)(rowBytes / (columns / BlockTiles.Columns(Tile(format))));
        var file = new NativeBytes(format == BlockTiles.I2_S ? rows * (rowBytes - 4) + 4 : rows * rowBytes);
        random.NextBytes(file.Span);
        if (format == BlockTiles.I2_S) *(float*)(file.Pointer + file.Span.Length - 4) = 0.37f;
        for (int at = 0; at < file.Span.Length; at += blockBytes)
        {
            if (format == BlockTiles.MXFP4) file.Span[at] = (byte)random.Next(110, 130);
            foreach (int half in halves)
                *(Half*)(file.Pointer + at + half) = (Half)((random.NextSingle() + 0.1f) * (random.Next(2) * 2 - 1));
        }
        return file;
    }

    private static RowsKernel Scalar(int format) => format switch
    {
        BlockTiles.Q4_1 => &BlockTilesScalar.RowsQ4_1,
        BlockTiles.Q5_0 => &BlockTilesScalar.RowsQ5_0,
        BlockTiles.Q5_1 => &BlockTilesScalar.RowsQ5_1,
        BlockTiles.Q2_K => &BlockTilesScalar.RowsQ2_K,
        BlockTiles.Q3_K => &BlockTilesScalar.RowsQ3_K,
        BlockTiles.Q4_K => &BlockTilesScalar.RowsQ4_K,
        BlockTiles.Q5_K => &BlockTilesScalar.RowsQ5_K,
        BlockTiles.Q6_K => &BlockTilesScalar.RowsQ6_K,
        BlockTiles.IQ4_NL => &BlockTilesScalar.RowsIQ4_NL,
        BlockTiles.IQ4_XS => &BlockTilesScalar.RowsIQ4_XS,
        Blocks.TQ1_0 or BlockTiles.TQ2_0 => &BlockTilesScalar.RowsTQ2_0,
        BlockTiles.I2_S => &BlockTilesScalar.RowsI2_S,
        _ => &BlockTilesScalar.RowsMXFP4,
    };

    private static delegate*<byte*, byte*, long, long, long> Pack(int format) => format switch
    {
        BlockTiles.Q4_1 => &BlockTilesScalar.PackQ4_1,
        BlockTiles.Q5_0 => &BlockTilesScalar.PackQ5_0,
        BlockTiles.Q5_1 => &BlockTilesScalar.PackQ5_1,
        BlockTiles.Q2_K => &BlockTilesScalar.PackQ2_K,
        BlockTiles.Q3_K => &BlockTilesScalar.PackQ3_K,
        BlockTiles.Q4_K => &BlockTilesScalar.PackQ4_K,
        BlockTiles.Q5_K => &BlockTilesScalar.PackQ5_K,
        BlockTiles.Q6_K => &BlockTilesScalar.PackQ6_K,
        BlockTiles.IQ4_NL => &BlockTilesScalar.PackIQ4_NL,
        BlockTiles.IQ4_XS => &BlockTilesScalar.PackIQ4_XS,
        Blocks.TQ1_0 => &BlockTilesScalar.PackTQ1_0,
        BlockTiles.TQ2_0 => &BlockTilesScalar.PackTQ2_0,
        BlockTiles.I2_S => &BlockTilesScalar.PackI2_S,
        _ => &BlockTilesScalar.PackMXFP4,
    };
}
