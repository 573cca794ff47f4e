using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>A GGUF file, mapped: pages come as they are read and go when their matrix is done.</summary>
internal sealed unsafe class GgufSource : PackSource
{
    private readonly GgufFile _file;
    private readonly List<GgufTensor> _tensors;
    /// <summary>Bytes of the source that are dropped or read ahead at a time.</summary>
    private const long Step = 4 << 20;

    private readonly WeightFile _weights;
    /// <summary>Of a file that was packed with --type keep: digests of what it should be.</summary>
    private readonly PackHeader? _header;
    private readonly HashSet<GgufTensor> _intact = new(ReferenceEqualityComparer.Instance);
    private long _behind;
    private (GgufTensor? Tensor, long End) _ahead;

    /// <summary><paramref name="hasBlocksOf64"/>: of I2_S, whatever the columns say. Errors: FileNotFoundException;
    /// GgufException for a bad or already packed file; ArgumentException for blocks of what is not there.</summary>
    public GgufSource(string path, bool hasBlocksOf64 = false)
    {
        _file = GgufFile.Open(path);
        _file.RequireRunnable();
        foreach (GgufTensor tensor in _file.Tensors)
            if (QuantTypes.Of(tensor.Type).IsPacked)
                throw new GgufException("the file is packed already; take the model that it was made of",
                    _file.Metadata.OffsetOf(PackHeader.VersionKey));
        _tensors = [.. _file.Tensors];
        if (hasBlocksOf64)
        {
            if (!_tensors.Exists(tensor => tensor.Type == QuantType.I2_S))
                throw new ArgumentException("the file has no I2_S tensors, whose blocks could be of 64");
            _tensors = _tensors.ConvertAll(tensor =>
                tensor.Type == QuantType.I2_S ? tensor with { HasBlocksOf64 = true } : tensor);
        }
        _header = PackHeader.Find(_file);
        _weights = WeightFile.Open(_file, WeightLoading.Map);
    }

    public override IReadOnlyList<GgufTensor> Tensors => _tensors;
    public override long MetadataBytes
    {
        get
        {
            long bytes = 4 + 4 + 8 + 8; // magic, version, counts
            foreach (string key in Keys) bytes += _file.Metadata.EntryBytes(key);
            return bytes;
        }
    }

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
        foreach (string key in Keys) writer.Copy(_file.Metadata, key);
    }

    /// <summary>Errors: GgufException for a tensor that is not what an earlier packing wrote: it would get fresh
    /// digests here, and nobody would see the damage again.</summary>
    public override byte* Matrix(GgufTensor tensor, long index)
    {
        GgufTensor own = InFile(tensor);
        byte* address = _weights.Address(own);
        if (_intact.Add(own)) _header?.RequireIntact(own, address, (at, count) => _weights.Release(own, at, count));
        return address + index * MatrixBytes(tensor);
    }

    public override void Release(GgufTensor tensor, long index) =>
        _weights.Release(InFile(tensor), index * MatrixBytes(tensor), MatrixBytes(tensor));

    public override void Moved(GgufTensor tensor, long index, long from, long to)
    {
        long start = index * MatrixBytes(tensor);
        if (from - _behind >= Step || from < _behind)
        {
            if (from > _behind) _weights.Release(InFile(tensor), start + _behind, from - _behind);
            _behind = from;
        }
        // Reads ahead of the conversion, into the next matrix too, but not beyond the tensor.
        long end = Math.Min(tensor.Bytes, start + to + 2 * Step);
        if (_ahead.Tensor != tensor || _ahead.End < start + from) _ahead = (tensor, start + from);
        if (end - _ahead.End < Step && end < tensor.Bytes || end <= _ahead.End) return;
        _weights.Expect(InFile(tensor), _ahead.End, end - _ahead.End);
        _ahead = (tensor, end);
    }

    /// <summary>Keys that the packed file has too.</summary>
    private IEnumerable<string> Keys => _file.Metadata.Keys.Where(static key =>
        key != "general.alignment" && !key.StartsWith("edge.pack.", StringComparison.Ordinal));

    /// <summary>The file's own entry: that its blocks are of 64 may have been said by the user.</summary>
    private GgufTensor InFile(GgufTensor tensor) => tensor.HasBlocksOf64 ? _file.Get(tensor.Name) : tensor;

    public override void Dispose() => _weights.Dispose();
}
