using System.Runtime.InteropServices;
using Edge.Weights;

namespace Edge.Models;

/// <summary>One block of own memory, handed out in 64-byte-aligned pieces and freed as a whole. Pages that nobody
/// writes take no memory.</summary>
internal sealed unsafe class NativeArena : IDisposable
{
    private const int AlignmentBytes = 64;
    /// <summary>Room for the alignment of that many pieces.</summary>
    private const int PiecesMax = 1024;

    private readonly long _bytes;
    private byte* _block;
    private long _used;

    /// <summary><paramref name="large"/>: in large pages where the system has them, for what is read from end to end
    /// for every token; memory that mostly stays untouched would become resident by them.</summary>
    public NativeArena(long bytes, bool large = false)
    {
        _bytes = checked(bytes + PiecesMax * AlignmentBytes);
        large &= bytes >= MemoryAdvice.HugePageBytes;
        _block = (byte*)NativeMemory.AlignedAlloc(
            checked((nuint)_bytes), (nuint)(large ? MemoryAdvice.HugePageBytes : AlignmentBytes));
        if (large) MemoryAdvice.Inside(_block, _bytes, MemoryAdvice.HugePage);
    }

    /// <summary>Whether so many bytes are left for one more piece.</summary>
    public bool Has(long bytes) => _used + bytes <= _bytes - AlignmentBytes;

    public byte* Take(long bytes)
    {
        long start = _used;
        _used += (bytes + AlignmentBytes - 1) & -AlignmentBytes;
        if (bytes < 0 || _used > _bytes) throw new InvalidOperationException("the arena was sized too small: a bug");
        return _block + start;
    }

    public float* TakeFloats(long count) => (float*)Take(checked(count * sizeof(float)));

    public void Dispose()
    {
        NativeMemory.AlignedFree(_block);
        _block = null;
        GC.SuppressFinalize(this);
    }

    ~NativeArena() => NativeMemory.AlignedFree(_block);
}
