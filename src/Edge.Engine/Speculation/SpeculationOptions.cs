using Edge.Models;
using Edge.Text;

namespace Edge.Engine.Speculation;

/// <summary>Where drafts come from, and how many. Without a draft model they are looked up: what followed the last time
/// that the prompt or the reply had the same tokens.</summary>
public sealed record SpeculationOptions
{
    public const int DraftMaxLimit = 32;

    /// <summary>A small model in memory with the vocabulary of the one that it drafts for; its owner disposes it after
    /// the engine.</summary>
    public Model? DraftModel { get; init; }
    /// <summary>The draft model's own.</summary>
    public Tokenizer? DraftTokenizer { get; init; }
    /// <summary>Drafts of one reply that a step verifies, at most.</summary>
    public int DraftMax { get; init; } = 8;
    /// <summary>False: always as many drafts as there may be, for tests and measurements.</summary>
    internal bool Adaptive { get; init; } = true;
}
