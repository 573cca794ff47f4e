using Edge.Weights;

namespace Edge.Models.Streaming;

/// <summary>What streaming did since the model was loaded.</summary>
public readonly record struct StreamStatistics
{
    public required ResidencyStatistics Residency { get; init; }
    /// <summary>Choices of experts that ran on their coarse slice alone.</summary>
    public required long Degraded { get; init; }
    /// <summary>Choices that were left out because their expert was not there and mattered little.</summary>
    public required long Dropped { get; init; }
    /// <summary>Experts that ran coarse because their other slice was waited for in vain.</summary>
    public required long Late { get; init; }
    /// <summary>Experts that layers wanted for which there was a guess, and those that were in it.</summary>
    public required long ForeseenChoices { get; init; }
    public required long ForeseenRight { get; init; }
    /// <summary>All choices of experts.</summary>
    public required long Choices { get; init; }
    public required long Passes { get; init; }
    public required string Storage { get; init; }
}
