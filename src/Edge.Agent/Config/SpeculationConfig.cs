using Edge.Engine.Speculation;

namespace Edge.Agent.Config;

/// <summary>Tokens that are guessed ahead and verified together.</summary>
/// <param name="Draft">"off", "lookup", or the path of a small model with the same tokenizer or its name in the
/// store.</param>
/// <param name="DraftMax">Most drafts of one reply that a step verifies.</param>
internal sealed record SpeculationConfig(string Draft = DraftSetup.Off, int DraftMax = 8)
{
    public string Draft { get; } = DraftSetup.Named(Draft);

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        if (DraftMax is < 1 or > SpeculationOptions.DraftMaxLimit)
            return $"speculation.draftMax {DraftMax} is outside 1 to {SpeculationOptions.DraftMaxLimit}";
        return DraftSetup.Problem(Draft) is { } problem ? $"speculation.draft: {problem}" : null;
    }
}
