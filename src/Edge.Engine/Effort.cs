namespace Edge.Engine;

/// <summary>How hard a node may work: whoever watches the board's temperature lowers it before the firmware does.
/// </summary>
/// <param name="Threads">Threads of a step; more than the model has means all.</param>
/// <param name="Speculation">Whether tokens may be drafted that perhaps nobody needs.</param>
public sealed record Effort(int Threads, bool Speculation)
{
    public static Effort Full { get; } = new(int.MaxValue, true);
}
