using Edge.Gguf;

namespace Edge.Weights;

/// <summary>Map: pages come from the file as they are touched. Read: copied into own anonymous memory at load.</summary>
public enum WeightLoading { Map, Read }

/// <summary>The bytes of a model's tensors, addressable until disposed.</summary>
public sealed unsafe class WeightFile : IDisposable
{
    /// <summary><paramref name="progress"/> receives (bytes done, bytes in all) while reading.</summary>
    public static WeightFile Open(GgufFile file, WeightLoading loading, Action<long, long>? progress = null) => throw new NotSupportedException();
    /// <summary>Address of the tensor's first byte (64-byte aligned when read, file-aligned when mapped).</summary>
    public byte* Address(GgufTensor tensor) => throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}
