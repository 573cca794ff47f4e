using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>Writes the pieces of a tensor and their digest while the next piece is converted: one piece is under way
/// at a time, so that they stay in order. Errors of a piece come with the next call.</summary>
internal sealed unsafe class TensorOutput(GgufWriter writer, string name) : IDisposable
{
    private Checksum _digest;
    private Task _last = Task.CompletedTask;

    /// <summary>Starts a piece, whose bytes stay until the next call returns.</summary>
    public void Write(byte* bytes, int count)
    {
        Wait();
        _last = Task.Run(() => Append(new ReadOnlySpan<byte>(bytes, count)));
    }

    /// <summary>Writes a short piece at once.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Wait();
        Append(bytes);
    }

    /// <summary>The digest of what was written since the last call.</summary>
    public ulong TakeDigest()
    {
        Wait();
        ulong value = _digest.Value;
        _digest = new Checksum();
        return value;
    }

    /// <summary>The bytes of the last piece are free when this returns, whatever became of it.</summary>
    public void Dispose() => ((IAsyncResult)_last).AsyncWaitHandle.WaitOne();

    private void Wait() => _last.GetAwaiter().GetResult();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _digest.Add(bytes);
        if (!bytes.IsEmpty) writer.Write(name, bytes);
    }
}
