namespace Edge.Gguf;

/// <summary>One row of the quant-type table: BlockElements weights (of each row of a tile, ggml's types have tiles of
/// one row) are stored in BlockBytes bytes. Runs: there are kernels for it; a type without is still named and
/// measured, so that a file can be inspected and refused by name.</summary>
public sealed record QuantTypeRow(QuantType Id, string Name, int BlockElements, int BlockBytes, bool Runs = false)
{
    /// <summary>Rows that are stored together.</summary>
    public int TileRows { get; init; } = 1;
    /// <summary>Rows of a short tile, for what remains of a matrix: it has the columns cut into as many parts (of whole
    /// blocks) as a tile has more rows. 0: the last tile is a whole one, padded.</summary>
    public int ShortTileRows { get; init; }
    /// <summary>Bytes of a matrix before its tiles: a header, and so many per row, both padded to 64.</summary>
    public int MatrixHeaderBytes { get; init; }
    public int RowHeaderBytes { get; init; }
    /// <summary>Bytes of a matrix behind its rows.</summary>
    public int MatrixTrailerBytes { get; init; }
    /// <summary>Bytes of a tile before its blocks: scales that hold for whole rows.</summary>
    public int TileHeaderBytes { get; init; }
    /// <summary>Bytes to whose multiple every matrix (each one of a stack) starts, so that it can be read
    /// alone.</summary>
    public int MatrixAlignment { get; init; } = 1;
    /// <summary>The packed type that can hold it without rounding: always (Q4_0), or where the scales allow it, which
    /// `edge pack` finds out. Null: packing rounds, and says by how much.</summary>
    public QuantType? ExactlyAs { get; init; }
    /// <summary>For a type that does not run: which file to take in its place.</summary>
    public string TakeInstead { get; init; } = "take a Q4_K_M, Q4_0 or Q8_0 file of the model";
    /// <summary>No matrix, but the few weights of one that are kept apart; columns are its words of 32 bits.</summary>
    public bool IsSparse { get; init; }
    /// <summary>Made by `edge pack`, and read by its kernels as it is.</summary>
    public bool IsPacked => MatrixAlignment > 1;

    /// <summary>Bytes of TileRows rows; a last block that is not full takes its room too.</summary>
    public long TileBytes(long columns) =>
        TileHeaderBytes + (columns + BlockElements - 1) / BlockElements * BlockBytes;

    /// <summary>Bytes of a matrix.</summary>
    public long MatrixBytes(long rows, long columns)
    {
        long header = checked(MatrixHeaderBytes + MatrixTrailerBytes + (rows * RowHeaderBytes + 63) / 64 * 64);
        if (ShortTileRows == 0) return checked(header + (rows + TileRows - 1) / TileRows * TileBytes(columns));
        long part = BlockElements * (TileRows / ShortTileRows);
        long shortTileBytes = TileBytes((columns + part - 1) / part * BlockElements);
        long left = (rows % TileRows + ShortTileRows - 1) / ShortTileRows;
        return checked(header + rows / TileRows * TileBytes(columns) + left * shortTileBytes);
    }

    /// <summary>Bytes from one matrix of a stack to the next.</summary>
    public long StackBytes(long rows, long columns) =>
        (MatrixBytes(rows, columns) + MatrixAlignment - 1) / MatrixAlignment * MatrixAlignment;

    /// <summary>Bytes of a tensor: shape[0] are its columns, shape[1] its rows, the others count stacked
    /// matrices.</summary>
    public long Bytes(ReadOnlySpan<long> shape)
    {
        long count = 1;
        for (int i = 2; i < shape.Length; i++) count = checked(count * shape[i]);
        return checked(count * StackBytes(shape.Length > 1 ? shape[1] : 1, shape[0]));
    }
}
