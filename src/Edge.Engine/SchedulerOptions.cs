using Edge.Engine.Speculation;

namespace Edge.Engine;

/// <summary>Bounds of the scheduler.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Requests that may wait for a slot.</summary>
    public int QueueMax { get; init; } = 32;
    /// <summary>Requests that run at once; each slot's key-value cache is allocated at start.</summary>
    public int SlotsMax { get; init; } = 2;
    /// <summary>Tokens of one slot, prompt and reply; 0: the model's own.</summary>
    public int ContextLength { get; init; }
    /// <summary>Prompt tokens run per step while another request is decoding, so that its stream keeps
    /// moving.</summary>
    public int PrefillRowsWhileDecoding { get; init; } = 16;
    /// <summary>Null: none.</summary>
    public SpeculationOptions? Speculation { get; init; }
}
