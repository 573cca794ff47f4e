namespace Edge.Engine;

/// <summary>A finished request. Text is all that <see cref="ITokenSink.OnText"/> delivered. CompletionTokens counts
/// the tokens that the model produced, its end-of-generation token not among them. Error: for people, with a Failed
/// reason only.</summary>
public sealed record GenerationResult(
    string Text, FinishReason Reason, int PromptTokens, int CompletionTokens, GenerationTimings Timings, string? Error);
