namespace Edge.Mqtt;

public sealed class ReplyStream
{
    internal ReplyStream() { }
    public bool Accepted(int position) => throw new NotSupportedException();
    public void Delta(ReadOnlySpan<char> text) => throw new NotSupportedException();
    public bool Final(ChatResult result) => throw new NotSupportedException();
    public bool Fail(Problem problem) => throw new NotSupportedException();
    public bool IsFinished => throw new NotSupportedException();
}
