namespace Edge.Text;

/// <summary>Every bound of the grammar in one place; together they keep a hostile schema under 64 MB and one
/// second.</summary>
internal static class GrammarLimits
{
    /// <summary>JSON values in the schema document, and the text in it.</summary>
    public const int ElementsMax = 50_000, TextBytesMax = 1 << 20, NameCharsMax = 256;
    /// <summary>Nesting of the schema itself, followed through $ref.</summary>
    public const int SchemaDepthMax = 48;
    /// <summary>Schemas after $ref, allOf and anyOf are expanded.</summary>
    public const int NodesMax = 4096;
    public const int AlternativesMax = 32, EnumMax = 4096, PropertiesMax = 512, PrefixItemsMax = 256;
    public const int PatternCharsMax = 1024, PatternDepthMax = 32, RepeatMax = 1000;
    /// <summary>States of the finished automaton; a row is one int for each of at most 256 byte classes.</summary>
    public const int StatesMax = 32_768;
    public const int NfaStatesMax = 32_768, DfaStatesMax = 16_384;
    /// <summary>Elementary steps of all subset constructions of one schema.</summary>
    public const int WorkMax = 30_000_000;
    /// <summary>Largest minLength and minItems: a reply must be able to reach them.</summary>
    public const int CountMinMax = 1 << 20;
    /// <summary>Open values around a value. 63 frames are 64 levels of JSON, what System.Text.Json reads by
    /// default.</summary>
    public const int FramesMax = 63;
    /// <summary>Spaces or tabs after a line break.</summary>
    public const int IndentMax = 32;
    /// <summary>Readings of one text that are followed side by side (anyOf); beyond it the costliest to close is
    /// dropped.</summary>
    public const int ThreadsMax = 32;
    /// <summary>Bytes of a token; longer ones are never allowed.</summary>
    public const int TokenBytesMax = 128;
    /// <summary>Thread steps of one mask; beyond it only single-byte tokens are looked at, so that a mask stays
    /// bounded and sound.</summary>
    public const int MaskStepsMax = 4_000_000;
    /// <summary>Stands for "cannot be closed"; small enough that sums of a few cannot overflow.</summary>
    public const int Never = 1 << 28;
}
