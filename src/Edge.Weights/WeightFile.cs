using Edge.Gguf;
using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>The bytes of a model's tensors, addressable until disposed. Safe for any number of reading
/// threads.</summary>
public sealed unsafe class WeightFile : IDisposable
{
    private readonly Dictionary<GgufTensor, nint> _addresses;
    private readonly IDisposable _memory;
    private bool _disposed;

    private WeightFile(GgufFile file, WeightLoading loading, Dictionary<GgufTensor, nint> addresses, IDisposable memory)
    {
        File = file;
        Loading = loading;
        _addresses = addresses;
        _memory = memory;
    }

    public GgufFile File { get; }
    public WeightLoading Loading { get; }

    /// <summary><paramref name="progress"/> receives (bytes done, bytes in all) while reading. Tensors that are
    /// <paramref name="absent"/> are not read: who asks for their address made a mistake.</summary>
    /// <remarks>Errors: GgufException for a tensor type without kernels, for a file that was changed or cut since its
    /// header was read, and for a read that falls short; IOException from the system. A mapped file that is cut after
    /// this call ends the process when the missing page is touched: Read is for storage that cannot be
    /// trusted.</remarks>
    public static WeightFile Open(GgufFile file, WeightLoading loading, Action<long, long>? progress = null,
        IReadOnlySet<GgufTensor>? absent = null)
    {
        file.RequireRunnable();
        using SafeFileHandle handle = System.IO.File.OpenHandle(
            file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.None);
        RequireUnchanged(file, handle);
        var addresses = new Dictionary<GgufTensor, nint>(file.Tensors.Count, ReferenceEqualityComparer.Instance);
        IDisposable memory = loading == WeightLoading.Map
            ? new MappedWeights(file, handle, addresses)
            : new ReadWeights(file, handle, addresses, absent, progress);
        return new WeightFile(file, loading, addresses, memory);
    }

    /// <summary>Address of the tensor's first byte (64-byte aligned when read, file-aligned when mapped).</summary>
    /// <remarks>Errors: KeyNotFoundException for a tensor of another file: a bug.</remarks>
    public byte* Address(GgufTensor tensor)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return (byte*)_addresses[tensor];
    }

    /// <summary>Asks for large pages from the first to the last of tensors that are read from end to end again and
    /// again, as one piece: every seam would cost the large pages beside it. A hint, to be given before the first
    /// touch; file systems with large folios follow it.</summary>
    public void PreferLargePages(IEnumerable<GgufTensor> tensors)
    {
        if (Loading != WeightLoading.Map) return;
        byte* from = null, to = null;
        foreach (GgufTensor tensor in tensors)
        {
            byte* start = Address(tensor);
            if (from == null || start < from) from = start;
            if (start + tensor.Bytes > to) to = start + tensor.Bytes;
        }
        MemoryAdvice.Inside(from, to - from, MemoryAdvice.HugePage);
    }

    /// <summary>Drops the tensor's pages from memory when mapped, for tensors that were repacked elsewhere; a hint:
    /// the address stays valid and the pages come back from the file when touched.</summary>
    public void Release(GgufTensor tensor)
    {
        if (Loading == WeightLoading.Map) MemoryAdvice.Inside(Address(tensor), tensor.Bytes, MemoryAdvice.DontNeed);
    }

    /// <summary>As <see cref="Release(GgufTensor)"/>, for the whole pages of a part of it.</summary>
    public void Release(GgufTensor tensor, long offset, long bytes)
    {
        if (Loading == WeightLoading.Map) MemoryAdvice.Inside(Address(tensor) + offset, bytes, MemoryAdvice.DontNeed);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _memory.Dispose();
    }

    private static void RequireUnchanged(GgufFile file, SafeFileHandle handle)
    {
        long bytes = RandomAccess.GetLength(handle);
        if (bytes != file.FileBytes)
            throw new GgufException($"the file changed while it was opened: it had {file.FileBytes} bytes and has " +
                $"{bytes}; wait until its download or copy has ended", Math.Min(bytes, file.FileBytes));
        if (System.IO.File.GetLastWriteTimeUtc(handle) != file.LastWriteUtc)
            throw new GgufException("the file was written to while it was opened; " +
                "wait until its download or copy has ended", 0);
    }
}
