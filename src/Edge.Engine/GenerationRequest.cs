using Edge.Text;

namespace Edge.Engine;

/// <summary>One reply to be generated from a tokenized prompt.</summary>
public sealed record GenerationRequest
{
    /// <summary>Most stop strings of one request.</summary>
    public const int StopMax = 16;
    /// <summary>Longest stop string, in UTF-16 units.</summary>
    public const int StopCharsMax = 256;

    /// <summary>Unique among the requests that are queued or running; the name that Cancel takes.</summary>
    public required string Id { get; init; }
    /// <summary>Who asks: requesters are served in turn, the requests of one in order.</summary>
    public string Requester { get; init; } = "";
    /// <summary>Requests of a higher priority are taken from the queue first.</summary>
    public int Priority { get; init; }
    public required IReadOnlyList<int> Prompt { get; init; }
    public required ITokenSink Sink { get; init; }
    public SamplingOptions Sampling { get; init; } = new();
    /// <summary>At least 1; clipped to what the context leaves.</summary>
    public int MaxTokens { get; init; } = 256;
    /// <summary>Strings that end the reply and are never part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];
    /// <summary>Stopwatch timestamp; null: none. Monotonic, never the wall clock.</summary>
    public long? Deadline { get; init; }
    /// <summary>What the reply must look like; null: free text.</summary>
    public Grammar? Grammar { get; init; }
}
