using Edge.Engine;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Carries one request's tokens from the scheduler's thread to its reply.</summary>
internal sealed class CallSink(ReplyStream reply, Action<ReplyStream, GenerationResult> onFinished) : ITokenSink
{
    /// <summary>Held for the microseconds between admission and "accepted"; free ever after.</summary>
    public Lock Gate { get; } = new();

    public void OnText(ReadOnlySpan<char> text, int tokens)
    {
        lock (Gate) reply.Delta(text);
    }

    public void OnFinished(GenerationResult result)
    {
        lock (Gate) onFinished(reply, result);
    }
}
