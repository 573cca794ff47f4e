namespace Edge.Weights.Traces;

/// <summary>The bytes of a trace, all integers little-endian.</summary>
/// <remarks>
/// Layout: "EDGETRC\n"; u32 version, flags (1: all scores), layers, experts, used; u8 length and UTF-8 bytes of the
/// model's name; for every layer u64 bytes of an expert's HI and of its LO slice (both 0: a layer without experts).
/// Then records of a kind byte each. 1: a sequence begins. 2: a pass, u16 rows, then for every layer with experts and
/// every row: used × expert (u8, or u16 above 256 experts), used × u8 weight as a share of the row's sum, of 255, and
/// with flag 1 experts × u8 score, ⌊16 · log2(best / score) + ½⌋, at most 255. 0: the end, u64 rows of all passes.
/// </remarks>
internal static class TraceLayout
{
    public const uint Version = 1, AllScores = 1;
    public const int HeaderBytes = 28, RowsMax = 4096, NameBytesMax = 255;
    public const byte End = 0, Sequence = 1, Pass = 2;
    /// <summary>What a writer stops at and a reader takes: days of tokens.</summary>
    public const long BytesMax = 512L << 20;
    public const double StepsPerOctave = 16;

    public static ReadOnlySpan<byte> Magic => "EDGETRC\n"u8;

    public static int ExpertBytes(int experts) => experts > 256 ? 2 : 1;

    /// <summary>What one row of one layer takes.</summary>
    public static int RowBytes(int experts, int used, bool scores) =>
        used * (ExpertBytes(experts) + 1) + (scores ? experts : 0);
}
