using System.Text;
using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

internal sealed class RecordingSink : ITokenSink
{
    private readonly TaskCompletionSource<GenerationResult> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StringBuilder _text = new();

    public Action? OnEachText { get; set; }
    public int FinishedCalls { get; private set; }
    public string Heard => _text.ToString();
    public Task<GenerationResult> Done => _done.Task;
    public GenerationResult Result =>
        _done.Task.IsCompleted ? _done.Task.Result : throw new InvalidOperationException("still runs");

    public void OnText(ReadOnlySpan<char> text, int tokens)
    {
        Assert.Equal(0, FinishedCalls);
        _text.Append(text);
        OnEachText?.Invoke();
    }

    public void OnFinished(GenerationResult result)
    {
        FinishedCalls++;
        Assert.Equal(Heard, result.Text);
        _done.TrySetResult(result);
    }
}
