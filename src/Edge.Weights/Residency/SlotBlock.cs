using System.Runtime.InteropServices;

namespace Edge.Weights;

/// <summary>The slots of all classes in one block of own memory, allocated once: the cache never grows.</summary>
internal sealed unsafe class SlotBlock : IDisposable
{
    private readonly byte*[] _address;
    private readonly int[] _class;
    private readonly int[][] _free;
    private readonly int[] _freeCount;
    private byte* _block;

    public SlotBlock(IReadOnlyList<SlotClass> classes)
    {
        Count = classes.Sum(c => c.Count);
        Bytes = classes.Sum(c => checked(c.Count * c.SlotBytes));
        _address = new byte*[Count];
        _class = new int[Count];
        _free = new int[classes.Count][];
        _freeCount = new int[classes.Count];
        int alignment = Bytes < MemoryAdvice.HugePageBytes ? StorageFile.Alignment : MemoryAdvice.HugePageBytes;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(Bytes, StorageFile.Alignment), (nuint)alignment);
        MemoryAdvice.Inside(_block, Bytes, MemoryAdvice.HugePage);
        byte* at = _block;
        int slot = 0;
        for (int c = 0; c < classes.Count; c++)
        {
            _free[c] = new int[classes[c].Count];
            for (int i = 0; i < classes[c].Count; i++, slot++, at += classes[c].SlotBytes)
            {
                _address[slot] = at;
                _class[slot] = c;
                // Taken from the end: the first slot first.
                _free[c][classes[c].Count - 1 - i] = slot;
            }
            _freeCount[c] = classes[c].Count;
        }
    }

    public int Count { get; }
    public long Bytes { get; }

    public byte* Address(int slot) => _address[slot];
    public int ClassOf(int slot) => _class[slot];
    public int FreeCount(int slotClass) => _freeCount[slotClass];

    /// <summary>−1 when none is free.</summary>
    public int Take(int slotClass) => _freeCount[slotClass] == 0 ? -1 : _free[slotClass][--_freeCount[slotClass]];

    public void Give(int slot) => _free[_class[slot]][_freeCount[_class[slot]]++] = slot;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_block);
        _block = null;
    }
}
