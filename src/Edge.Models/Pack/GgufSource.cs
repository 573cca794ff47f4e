using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>A GGUF file, mapped: pages come as they are read and go when their matrix is done.</summary>
internal sealed unsafe class GgufSource : PackSource
{
    private readonly GgufFile _file;
    private readonly WeightFile _weights;

    /// <summary>Errors: FileNotFoundException; GgufException for a bad or already packed file.</summary>
    public GgufSource(string path)
    {
        _file = GgufFile.Open(path);
        _file.RequireRunnable();
        foreach (GgufTensor tensor in _file.Tensors)
            if (QuantTypes.Of(tensor.Type).IsPacked)
                throw new GgufException("the file is packed already; take the model that it was made of",
                    _file.Metadata.OffsetOf(PackHeader.VersionKey));
        _weights = WeightFile.Open(_file, WeightLoading.Map);
    }

    public override IReadOnlyList<GgufTensor> Tensors => _file.Tensors;
    public override long MetadataBytes => _file.Tensors.Count == 0 ? 0 : _file.Tensors.Min(t => t.EntryOffset);

    public override ulong Identity
    {
        get
        {
            var sum = new Checksum();
            sum.Add(BitConverter.GetBytes(_file.FileBytes));
            sum.Add(BitConverter.GetBytes(_file.LastWriteUtc.Ticks));
            return sum.Value;
        }
    }

    public override void WriteMetadata(GgufWriter writer)
    {
        foreach (string key in _file.Metadata.Keys)
            if (key != "general.alignment" && !key.StartsWith("edge.pack.", StringComparison.Ordinal))
                writer.Copy(_file.Metadata, key);
    }

    public override byte* Matrix(GgufTensor tensor, long index) =>
        _weights.Address(tensor) + index * MatrixBytes(tensor);

    public override void Release(GgufTensor tensor, long index) =>
        _weights.Release(tensor, index * MatrixBytes(tensor), MatrixBytes(tensor));

    public override void Dispose() => _weights.Dispose();
}
