namespace Edge.Engine;

/// <summary>Why a reply ended. Stop: the model ended it, a stop string came, or a constrained reply is whole. Length:
/// the token limit or the context. Failed: see <see cref="GenerationResult.Error"/>.</summary>
public enum FinishReason { Stop, Length, Cancelled, Timeout, Failed }
