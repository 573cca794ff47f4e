using System.IO.MemoryMappedFiles;
using Edge.Gguf;
using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>The whole file mapped read-only; addresses are file offsets into the mapping.</summary>
internal sealed unsafe class MappedWeights : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    public MappedWeights(GgufFile file, SafeFileHandle handle, Dictionary<GgufTensor, nint> addresses)
    {
        _map = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += _view.PointerOffset;
        foreach (GgufTensor tensor in file.Tensors) addresses.Add(tensor, (nint)(start + tensor.Offset));
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
