namespace Edge.Gguf;

/// <summary>The quant-type table. A new type is a row here and a folder of kernels.</summary>
/// <remarks>Source: block sizes are the ones of ggml's block structs (ggml-common.h).</remarks>
public static class QuantTypes
{
    private static readonly QuantTypeRow[] Table =
    [
        new(QuantType.F32, "F32", 1, 4, Runs: true),
        new(QuantType.F16, "F16", 1, 2, Runs: true),
        new(QuantType.BF16, "BF16", 1, 2, Runs: true),
        new(QuantType.Q8_0, "Q8_0", 32, 34, Runs: true),
        new(QuantType.Q4_0, "Q4_0", 32, 18, Runs: true) { ExactlyAs = QuantType.DIGITS4_G32 },

        // Read as the file has them: src/Edge.Kernels/Blocks.
        new(QuantType.Q4_1, "Q4_1", 32, 20, Runs: true) { ExactlyAs = QuantType.DIGITS4_G32 },
        new(QuantType.Q5_0, "Q5_0", 32, 22, Runs: true),
        new(QuantType.Q5_1, "Q5_1", 32, 24, Runs: true),
        new(QuantType.Q2_K, "Q2_K", 256, 84, Runs: true),
        new(QuantType.Q3_K, "Q3_K", 256, 110, Runs: true),
        new(QuantType.Q4_K, "Q4_K", 256, 144, Runs: true) { ExactlyAs = QuantType.DIGITS4_G32 },
        new(QuantType.Q5_K, "Q5_K", 256, 176, Runs: true),
        new(QuantType.Q6_K, "Q6_K", 256, 210, Runs: true),
        new(QuantType.IQ4_NL, "IQ4_NL", 32, 18, Runs: true),
        new(QuantType.IQ4_XS, "IQ4_XS", 256, 136, Runs: true),
        new(QuantType.TQ1_0, "TQ1_0", 256, 54, Runs: true) { ExactlyAs = QuantType.TERNARY_1_67 },
        new(QuantType.TQ2_0, "TQ2_0", 256, 66, Runs: true) { ExactlyAs = QuantType.TERNARY_1_67 },
        // One float32 scale for a matrix, behind it; in blocks of 128 or, GgufTensor.HasBlocksOf64, of 64.
        new(QuantType.I2_S, "I2_S", 64, 16, Runs: true)
        {
            MatrixTrailerBytes = 32, ExactlyAs = QuantType.TERNARY_1_67,
        },
        new(QuantType.MXFP4, "MXFP4", 32, 17, Runs: true),

        new(QuantType.Q8_1, "Q8_1", 32, 36),
        new(QuantType.Q8_K, "Q8_K", 256, 292),
        // Codebooks: large tables, and slow on small cores.
        Codebook(QuantType.IQ1_S, "IQ1_S", 50, "TQ1_0 or Q2_K"),
        Codebook(QuantType.IQ1_M, "IQ1_M", 56, "TQ1_0 or Q2_K"),
        Codebook(QuantType.IQ2_XXS, "IQ2_XXS", 66, "Q2_K"),
        Codebook(QuantType.IQ2_XS, "IQ2_XS", 74, "Q2_K"),
        Codebook(QuantType.IQ2_S, "IQ2_S", 82, "Q2_K"),
        Codebook(QuantType.IQ3_XXS, "IQ3_XXS", 98, "Q3_K_M"),
        Codebook(QuantType.IQ3_S, "IQ3_S", 110, "Q3_K_M"),
        new(QuantType.NVFP4, "NVFP4", 64, 36),
        new(QuantType.Q1_0, "Q1_0", 128, 18),
        new(QuantType.I8, "I8", 1, 1),
        new(QuantType.I16, "I16", 1, 2),
        new(QuantType.I32, "I32", 1, 4),
        new(QuantType.I64, "I64", 1, 8),
        new(QuantType.F64, "F64", 1, 8),

        // Interleaved for one CPU family in 2024 and withdrawn by ggml since; old downloads still carry them.
        new(QuantType.Q4_0_4_4, "Q4_0_4_4", 32, 18),
        new(QuantType.Q4_0_4_8, "Q4_0_4_8", 32, 18),
        new(QuantType.Q4_0_8_8, "Q4_0_8_8", 32, 18),

        // Ours; their layouts are the Scalar.cs of src/Edge.Kernels/Digits2 and so on.
        Packed(QuantType.DIGITS2_G128, "DIGITS2_G128", tileRows: 16, 0, 128, 544),
        Packed(QuantType.DIGITS3_G128, "DIGITS3_G128", tileRows: 32, 0, 128, 1600),
        Packed(QuantType.DIGITS4_G128, "DIGITS4_G128", tileRows: 16, 0, 128, 1056),
        Packed(QuantType.DIGITS4_G32, "DIGITS4_G32", tileRows: 16, 0, 32, 288),
        Packed(QuantType.TERNARY_2_0, "TERNARY_2_0", tileRows: 16, 32, 32, 128),
        Packed(QuantType.TERNARY_1_67, "TERNARY_1_67", tileRows: 12, 0, 32, 80) with
        {
            ShortTileRows = 4, MatrixHeaderBytes = 64, RowHeaderBytes = 1,
        },
        Packed(QuantType.TERNARY_1_6, "TERNARY_1_6", tileRows: 20, 48, 32, 128),
        // Two planes of one matrix: the tensor NAME has the first, with the scales, and NAME.lo the second.
        Packed(QuantType.NESTED4_HI, "NESTED4_HI", tileRows: 16, 0, 128, 544),
        Packed(QuantType.NESTED4_LO, "NESTED4_LO", tileRows: 16, 0, 128, 512),
        // What a matrix keeps apart from its digits, in the tensor NAME.outliers: src/Edge.Kernels/Sparse/Scalar.cs.
        Packed(QuantType.SPARSE_F16, "SPARSE_F16", tileRows: 1, 0, 1, 4) with { IsSparse = true },
        Packed(QuantType.SPARSE_BF16, "SPARSE_BF16", tileRows: 1, 0, 1, 4) with { IsSparse = true },
    ];

    private static readonly Dictionary<QuantType, QuantTypeRow> ById = Table.ToDictionary(row => row.Id);

    public static IReadOnlyList<QuantTypeRow> Rows => Table;

    /// <summary>A page: what direct reads and memory maps ask for.</summary>
    public const int PackedAlignment = 4096;

    /// <summary>Names of ggml's types that this version runs, for messages.</summary>
    public static string Runnable { get; } =
        string.Join(", ", Table.Where(row => row is { Runs: true, IsPacked: false }).Select(row => row.Name));

    /// <summary>The row of a type, or null when the table has none.</summary>
    public static QuantTypeRow? Find(QuantType type) => ById.GetValueOrDefault(type);

    /// <summary>The row of a type. Errors: ArgumentOutOfRangeException, which a parsed file cannot cause.</summary>
    public static QuantTypeRow Of(QuantType type) => Find(type)
        ?? throw new ArgumentOutOfRangeException(nameof(type), (uint)type, "no row in the quant-type table");

    /// <summary>Bytes of one row of <paramref name="columns"/> weights (columns is a multiple of the block).</summary>
    public static long RowBytes(QuantType type, long columns)
    {
        QuantTypeRow row = Of(type);
        if (row.TileRows != 1) throw new ArgumentOutOfRangeException(nameof(type), type, "its rows are in tiles");
        RequireBlocks(row, columns);
        return row.TileBytes(columns);
    }

    /// <summary>Bytes of a tensor of that shape (shape[0] is a multiple of the block).</summary>
    public static long Bytes(QuantType type, ReadOnlySpan<long> shape)
    {
        QuantTypeRow row = Of(type);
        RequireBlocks(row, shape[0]);
        return row.Bytes(shape);
    }

    private static void RequireBlocks(QuantTypeRow row, long columns)
    {
        if (columns <= 0 || columns % row.BlockElements != 0)
            throw new ArgumentOutOfRangeException(nameof(columns), columns,
                $"not a positive multiple of {row.Name}'s block of {row.BlockElements}");
    }

    private static QuantTypeRow Codebook(QuantType id, string name, int blockBytes, string instead) =>
        new(id, name, 256, blockBytes) { TakeInstead = $"take a {instead} file of the model" };

    private static QuantTypeRow Packed(
        QuantType id, string name, int tileRows, int headerBytes, int blockElements, int blockBytes) =>
        new(id, name, blockElements, blockBytes, Runs: true)
        {
            TileRows = tileRows, TileHeaderBytes = headerBytes, MatrixAlignment = PackedAlignment,
        };
}
