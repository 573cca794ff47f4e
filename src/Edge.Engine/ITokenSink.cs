namespace Edge.Engine;

/// <summary>What a request's owner hears, on the scheduler's thread. Must not block, must not throw: a sink is our own
/// code, so its exception is a bug and ends the process (the service manager starts it again).</summary>
public interface ITokenSink
{
    /// <summary>More text; the span is valid during the call. <paramref name="tokens"/>: completion tokens so far,
    /// including those whose text is still held back.</summary>
    void OnText(ReadOnlySpan<char> text, int tokens);

    /// <summary>The last call for a request, exactly once for each accepted one.</summary>
    void OnFinished(GenerationResult result);
}
