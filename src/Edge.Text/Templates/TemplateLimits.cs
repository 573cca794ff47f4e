namespace Edge.Text;

/// <summary>What one template may use. A template comes with a model file from anywhere, so it is bounded like any input.</summary>
internal static class TemplateLimits
{
    public const int SourceCharsMax = 1 << 18;
    public const int NestingMax = 100;
    public const int OutputCharsMax = 1 << 21;
    public const int LoopIterationsMax = 200_000;
    public const int StepsMax = 5_000_000;
    /// <summary>Characters and list items that expressions may make in all, kept or not.</summary>
    public const int WorkMax = 1 << 24;
    public const int CallDepthMax = 32;
    /// <summary>Lists in lists in lists, where a value is printed or compared.</summary>
    public const int ValueDepthMax = 50;
}
