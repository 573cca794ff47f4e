using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>One layout of tiles that integer kernels read, whatever the kernel set: its sizes (those of a row of the
/// quant-type table), what it wants of activations, and how to make and decode it.</summary>
internal sealed unsafe class TileLayout
{
    private readonly QuantTypeRow _sizes;

    private static readonly Dictionary<QuantType, TileLayout> ByType = QuantTypes.Rows
        .Where(row => BlockKernels.Scalar(row.Id) != null).ToDictionary(row => row.Id, OfFile);

    private TileLayout(QuantTypeRow sizes, ActivationFormat activations, PackKernel pack, DecodeKernel decode)
    {
        (_sizes, Activations) = (sizes, activations);
        Pack = pack;
        Decode = decode;
    }

    public static TileLayout Q8_0 { get; } =
        Own(QuantType.Q8_0, Tiles.Rows, Tiles.Block, Tiles.Q8_0BlockBytes, ActivationFormat.Blocks, &Q8_0Scalar.Pack,
            &Q8_0Scalar.Decode);
    public static TileLayout Q4_0 { get; } =
        Own(QuantType.Q4_0, Tiles.Rows, Tiles.Block, Tiles.Q4_0BlockBytes, ActivationFormat.Blocks, &Q4_0Scalar.Pack,
            &Q4_0Scalar.Decode);
    public static TileLayout Digits2 { get; } = Stored(QuantType.DIGITS2_G128, ActivationFormat.Groups,
        &Digits2Scalar.Decode);
    public static TileLayout Digits3 { get; } = Stored(QuantType.DIGITS3_G128, ActivationFormat.Groups,
        &Digits3Scalar.Decode);
    public static TileLayout Digits4 { get; } = Stored(QuantType.DIGITS4_G128, ActivationFormat.Groups,
        &Digits4Scalar.Decode);
    public static TileLayout Digits4x32 { get; } = Stored(QuantType.DIGITS4_G32, ActivationFormat.Blocks,
        &Digits4x32Scalar.Decode);
    /// <summary>The first plane; the second one has no scales, and as many rows in a tile.</summary>
    public static TileLayout Nested4 { get; } = Stored(QuantType.NESTED4_HI, ActivationFormat.Groups,
        &Nested4Scalar.DecodeCoarse);
    public static TileLayout Ternary2 { get; } = Stored(QuantType.TERNARY_2_0, ActivationFormat.Token,
        &Ternary2Scalar.Decode);
    public static TileLayout Ternary1_67 { get; } = Stored(QuantType.TERNARY_1_67, ActivationFormat.Token,
        &Ternary1_67Scalar.Decode);
    public static TileLayout Ternary1_6 { get; } = Stored(QuantType.TERNARY_1_6, ActivationFormat.Token,
        &Ternary1_6Scalar.Decode);
    /// <summary>DIGITS2_G128 again, for cores without the dot product.</summary>
    public static TileLayout Digits2Lut { get; } = Own(QuantType.DIGITS2_G128, 32, Digits.Group,
        Digits2LutScalar.GroupBytes,
        ActivationFormat.Tables, &Digits2LutScalar.Regroup, &Digits2LutScalar.Decode);

    /// <summary>ggml's blocks; null for a type that has tiles of its own, or is read with float activations.</summary>
    public static TileLayout? OfBlocks(QuantType type) => ByType.GetValueOrDefault(type);

    public int Rows => _sizes.TileRows;
    public ActivationFormat Activations { get; }
    /// <summary>Sums over a whole row stay within their integers; the other formats sum parts of one.</summary>
    public long ColumnsMax => Activations == ActivationFormat.Token ? Digits.TokenColumnsMax : long.MaxValue;
    /// <summary>From the bytes of the file; null: the file holds these tiles.</summary>
    public PackKernel Pack { get; }
    /// <summary>Null: ggml's blocks, see <see cref="DecodeRow"/>.</summary>
    public DecodeKernel Decode { get; }

    /// <summary>Bytes of a matrix, its last tile padded.</summary>
    public long Bytes(long rows, long columns) => _sizes.MatrixBytes(rows, columns);

    /// <summary>Row <paramref name="row"/> of a matrix to float[columns].</summary>
    public void DecodeRow(byte* matrix, float* y, long columns, long row)
    {
        if (Decode != null) Decode(matrix, y, columns, row);
        else BlockTilesScalar.Decode(matrix, y, columns, row, Format(_sizes.Id));
    }

    /// <summary>Rows, or smaller tiles, as they stand in the file keep their size, and their place up to a tile, when
    /// they are tiled.</summary>
    public bool PacksInPlace(QuantTypeRow from, long rows) =>
        from.TileHeaderBytes + _sizes.TileHeaderBytes == 0 && rows % Rows == 0 && Rows % from.TileRows == 0
        && from.TileBytes(_sizes.BlockElements) * (Rows / from.TileRows) == _sizes.BlockBytes;

    /// <summary>Rows that are tiled without a look at others: threads share a matrix by them. All, where the file has
    /// something before or behind its rows.</summary>
    public long PartRows(QuantTypeRow from, long rows) =>
        from.MatrixHeaderBytes + from.MatrixTrailerBytes + from.RowHeaderBytes > 0 ? rows
            : Math.Max(Rows, from.TileRows);

    /// <summary>Tiles rows where they stand (<see cref="PacksInPlace"/>); returns how many scales are not finite.
    /// </summary>
    public long PackInPlace(byte* weights, long columns, long rows)
    {
        byte* tile = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes(Rows, columns), 64);
        long bad = PackInPlace(weights, tile, columns, rows);
        NativeMemory.AlignedFree(tile);
        return bad;
    }

    /// <summary>The same, each tile by way of <paramref name="tile"/>, which is as large as one.</summary>
    public long PackInPlace(byte* weights, byte* tile, long columns, long rows)
    {
        long tileBytes = Bytes(Rows, columns), bad = 0;
        for (byte* end = weights + rows / Rows * tileBytes; weights < end; weights += tileBytes)
        {
            bad += Pack(weights, tile, columns, Rows);
            Buffer.MemoryCopy(tile, weights, tileBytes, tileBytes);
        }
        return bad;
    }

    private static TileLayout Stored(QuantType type, ActivationFormat activations, DecodeKernel decode) =>
        new(QuantTypes.Of(type), activations, null, decode);

    /// <summary>Eight rows side by side: a block of the file's bytes, but for TQ1_0 and I2_S.</summary>
    private static TileLayout OfFile(QuantTypeRow file)
    {
        int blockBytes = (int)BlockTiles.BlockBytes(Format(file.Id));
        return Own(file.Id, Tiles.Rows, file.BlockElements, blockBytes, ActivationFormat.FileBlocks,
            BlockKernels.Pack(file.Id), null);
    }

    /// <summary>The format of a type's tiles: TQ1_0 takes TQ2_0's.</summary>
    private static int Format(QuantType type) => (int)(type == QuantType.TQ1_0 ? QuantType.TQ2_0 : type);

    private static TileLayout Own(QuantType type, int rows, int columns, int blockBytes, ActivationFormat activations,
        PackKernel pack, DecodeKernel decode) =>
        new(new QuantTypeRow(type, $"{type} in tiles", columns, blockBytes) { TileRows = rows }, activations, pack,
            decode);
}
