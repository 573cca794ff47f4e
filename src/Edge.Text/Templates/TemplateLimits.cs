namespace Edge.Text;

/// <summary>What one template may use. A template comes with a model file from anywhere, so it is bounded like any
/// input.</summary>
internal static class TemplateLimits
{
    public const int SourceCharsMax = 1 << 18;
    public const int NestingMax = 100;
    public const int OutputCharsMax = 1 << 21;
    public const int LoopIterationsMax = 100_000;
    public const int StepsMax = 1_000_000;
    public const int NameCharsMax = 256;
    /// <summary>What expressions may make in all, kept or not, in characters (2 bytes): lists and their items are
    /// weighed by the costs below, and text that is only looked through counts in part.</summary>
    public const int WorkMax = 1 << 24;
    public const int ListCost = 48;
    public const int ItemCost = 4;
    public const int MadeItemCost = 16;
    public const int MapEntryCost = 64;
    public const int CallDepthMax = 32;
    /// <summary>Lists in lists in lists, where a value is printed or compared.</summary>
    public const int ValueDepthMax = 50;
}
