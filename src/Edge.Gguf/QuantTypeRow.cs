namespace Edge.Gguf;

/// <summary>One row of the quant-type table: BlockElements weights (of each row of a tile, ggml's types have tiles of one
/// row) are stored in BlockBytes bytes. Runs: there are kernels for it; a type without is still named and measured, so
/// that a file can be inspected and refused by name.</summary>
public sealed record QuantTypeRow(QuantType Id, string Name, int BlockElements, int BlockBytes, bool Runs = false)
{
    /// <summary>Rows that are stored together; the last tile of a matrix is padded.</summary>
    public int TileRows { get; init; } = 1;
    /// <summary>Bytes of a tile before its blocks: scales that hold for whole rows.</summary>
    public int TileHeaderBytes { get; init; }
    /// <summary>Bytes to whose multiple every matrix (each one of a stack) starts, so that it can be read alone.</summary>
    public int MatrixAlignment { get; init; } = 1;
    /// <summary>Made by `edge pack`, and read by its kernels as it is.</summary>
    public bool IsPacked => MatrixAlignment > 1;

    /// <summary>Bytes of TileRows rows.</summary>
    public long TileBytes(long columns) => TileHeaderBytes + columns / BlockElements * BlockBytes;

    /// <summary>Bytes of a matrix, its last tile padded.</summary>
    public long MatrixBytes(long rows, long columns) => checked((rows + TileRows - 1) / TileRows * TileBytes(columns));

    /// <summary>Bytes from one matrix of a stack to the next.</summary>
    public long StackBytes(long rows, long columns) =>
        (MatrixBytes(rows, columns) + MatrixAlignment - 1) / MatrixAlignment * MatrixAlignment;

    /// <summary>Bytes of a tensor: shape[0] are its columns, shape[1] its rows, the others count stacked matrices.</summary>
    public long Bytes(ReadOnlySpan<long> shape)
    {
        long count = 1;
        for (int i = 2; i < shape.Length; i++) count = checked(count * shape[i]);
        return checked(count * StackBytes(shape.Length > 1 ? shape[1] : 1, shape[0]));
    }
}
