namespace Edge.Weights;

/// <summary>Why weights did not come from storage.</summary>
public enum ReadFailure { DeviceError, ShortRead, WrongChecksum, FileChanged }

/// <summary>Weights could not be read, also not the second time. It fails the step that needed them; the next one asks
/// again.</summary>
public sealed class WeightReadException(ReadFailure failure, long byteOffset, string message, Exception? inner = null)
    : IOException(message, inner)
{
    public ReadFailure Failure { get; } = failure;
    public long ByteOffset { get; } = byteOffset;
}
