using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>Reads through the page cache and empties it behind itself, so that the budget holds.</summary>
internal sealed unsafe class BufferedStorage : IWeightStorage
{
    private readonly SafeFileHandle _handle;

    public BufferedStorage(SafeFileHandle handle)
    {
        _handle = handle;
        // Requests are large and in no order that read-ahead could guess.
        FileAdvice.Give(handle, 0, 0, FileAdvice.Random);
    }

    public string Name => "buffered";
    public StorageState State => StorageFile.StateOf(_handle);

    public int Read(long offset, byte* to, int bytes)
    {
        int got = RandomAccess.Read(_handle, new Span<byte>(to, bytes), offset);
        FileAdvice.Give(_handle, offset, got, FileAdvice.DontNeed);
        return got;
    }

    public void Dispose() => _handle.Dispose();
}
