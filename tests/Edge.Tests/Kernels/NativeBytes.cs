using System.Runtime.InteropServices;

namespace Edge.Tests.Kernels;

/// <summary>Native memory with canaries on both sides: a kernel that writes outside fails the test.</summary>
internal sealed unsafe class NativeBytes : IDisposable
{
    private const int GuardBytes = 64;
    private const byte Canary = 0xA5;
    private readonly byte* _block;
    private readonly long _bytes;

    public NativeBytes(long bytes, byte fill = 0)
    {
        _bytes = bytes;
        _block = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * GuardBytes), 64);
        new Span<byte>(_block, (int)bytes + 2 * GuardBytes).Fill(Canary);
        Span.Fill(fill);
    }

    public byte* Pointer => _block + GuardBytes;
    public float* Floats => (float*)Pointer;
    public Span<byte> Span => new(Pointer, (int)_bytes);
    public Span<float> FloatSpan => new(Pointer, (int)(_bytes / sizeof(float)));

    public void Dispose()
    {
        bool intact = true;
        for (int i = 0; i < GuardBytes; i++) intact &= _block[i] == Canary && Pointer[_bytes + i] == Canary;
        NativeMemory.AlignedFree(_block);
        if (!intact) throw new InvalidOperationException("a kernel wrote outside of its memory");
    }
}
