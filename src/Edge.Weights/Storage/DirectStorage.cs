using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>Reads past the page cache (O_DIRECT): what is read takes memory once, where it was asked for.</summary>
internal sealed unsafe class DirectStorage(SafeFileHandle handle) : IWeightStorage
{
    public string Name => "direct";
    public StorageState State => StorageFile.StateOf(handle);

    public int Read(long offset, byte* to, int bytes) =>
        RandomAccess.Read(handle, new Span<byte>(to, bytes), offset);

    public void Dispose() => handle.Dispose();
}
