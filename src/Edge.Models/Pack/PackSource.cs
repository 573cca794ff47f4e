using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>A model that is being packed: its tensors in the order of the packed file, and their bytes a matrix at a
/// time.</summary>
internal abstract unsafe class PackSource : IDisposable
{
    public abstract IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>A number that changes when the source does.</summary>
    public abstract ulong Identity { get; }

    /// <summary>What a file takes up to the keys that packing adds; not less than <see cref="WriteMetadata"/> and what
    /// stands before it need.</summary>
    public abstract long MetadataBytes { get; }

    /// <summary>What of the model is not packed, a sentence each.</summary>
    public virtual IReadOnlyList<string> LeftOut => [];

    /// <summary>A model folder: to keep its types is to make a GGUF file that may be packed again.</summary>
    public virtual bool IsFolder => false;

    /// <summary>The type that holds a tensor, to the error that packing reports, where nothing is to be rounded to
    /// digits, and why it is wider than the source's own.</summary>
    public virtual (QuantType Type, string? Note) Kept(GgufTensor tensor) => (tensor.Type, null);

    /// <summary>Everything that is not a tensor.</summary>
    public abstract void WriteMetadata(GgufWriter writer);

    /// <summary>The bytes of one matrix as ggml stores them in that type (all of a tensor that is no stack). Valid
    /// until <see cref="Release"/>; one at a time.</summary>
    public abstract byte* Matrix(GgufTensor tensor, long index);

    /// <summary>The matrix is not needed again soon: its pages may go.</summary>
    public abstract void Release(GgufTensor tensor, long index);

    /// <summary>Bytes <paramref name="from"/> to <paramref name="to"/> of a matrix come next: those before may go, and
    /// those behind will be needed.</summary>
    public virtual void Moved(GgufTensor tensor, long index, long from, long to)
    {
    }

    public abstract void Dispose();

    /// <summary>Null when there is none.</summary>
    public GgufTensor? Find(string name)
    {
        foreach (GgufTensor tensor in Tensors)
            if (tensor.Name == name) return tensor;
        return null;
    }

    /// <summary>Matrices of a tensor; 1 for a vector.</summary>
    public static long Matrices(GgufTensor tensor) =>
        tensor.Shape.Count < 3 ? 1 : tensor.Rows / tensor.Shape[1];

    /// <summary>Bytes of one of them.</summary>
    public static long MatrixBytes(GgufTensor tensor) => tensor.Bytes / Matrices(tensor);
}
