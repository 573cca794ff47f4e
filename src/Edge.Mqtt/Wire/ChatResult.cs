namespace Edge.Mqtt;

public enum ChatFinish { Stop, Length }

/// <summary>Times in milliseconds; TokS is decoded tokens per second. Drafted and Accepted: tokens guessed ahead, and
/// those that were right; null when there were none.</summary>
public sealed record ChatTimings(double QueueMs, double PromptMs, double TtftMs, double TokS, int CachedTokens,
    int? Drafted = null, int? Accepted = null);

/// <summary>A whole answer, as it goes into `final`.</summary>
public sealed record ChatResult(string Text, ChatFinish Finish, int PromptTokens, int CompletionTokens,
    ChatTimings Timings, string Model);
