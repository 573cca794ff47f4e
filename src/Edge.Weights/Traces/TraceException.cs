namespace Edge.Weights.Traces;

/// <summary>A file that cannot be read as a routing trace; the message names the byte offset, what is wrong and what to
/// do.</summary>
public sealed class TraceException(string what, long byteOffset) : Exception($"trace at byte {byteOffset}: {what}")
{
    /// <summary>Where in the file the fault was found, in bytes from its start.</summary>
    public long ByteOffset { get; } = byteOffset;
}
