using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models.Pack;

/// <summary>A GGUF file, or all parts of one that is split, mapped: pages come as they are read
/// and go when their matrix is done.</summary>
internal sealed unsafe class GgufSource : PackSource
{
    private readonly IReadOnlyList<GgufFile> _files;
    private readonly WeightFile[] _weights;
    private readonly Dictionary<string, int> _partOf = new(StringComparer.Ordinal);
    private readonly List<GgufTensor> _tensors = [];
    /// <summary>Bytes of the source that are dropped or read ahead at a time.</summary>
    private const long Step = 4 << 20;

    /// <summary>Of a file that was packed with --type keep: digests of what it should be.</summary>
    private readonly PackHeader? _header;
    private readonly HashSet<GgufTensor> _intact = new(ReferenceEqualityComparer.Instance);
    private long _behind;
    private (GgufTensor? Tensor, long End) _ahead;

    /// <summary><paramref name="hasBlocksOf64"/>: of I2_S, whatever the columns say. Errors: FileNotFoundException;
    /// GgufException for a bad or already packed file; ArgumentException for blocks of what is not there.</summary>
    public GgufSource(string path, bool hasBlocksOf64 = false)
    {
        _files = GgufFile.OpenParts(path);
        for (int part = 0; part < _files.Count; part++)
        {
            _files[part].RequireRunnable();
            foreach (GgufTensor tensor in _files[part].Tensors)
            {
                if (QuantTypes.Of(tensor.Type).IsPacked)
                    throw new GgufException("the file is packed already; take the model that it was made of",
                        _files[part].Metadata.OffsetOf(PackHeader.VersionKey));
                _partOf.Add(tensor.Name, part);
                _tensors.Add(tensor);
            }
        }
        if (hasBlocksOf64)
        {
            if (!_tensors.Exists(tensor => tensor.Type == QuantType.I2_S))
                throw new ArgumentException("the file has no I2_S tensors, whose blocks could be of 64");
            _tensors = _tensors.ConvertAll(tensor =>
                tensor.Type == QuantType.I2_S ? tensor with { HasBlocksOf64 = true } : tensor);
        }
        if (_files.Count == 1) _header = PackHeader.Find(_files[0]);
        _weights = new WeightFile[_files.Count];
        try
        {
            for (int part = 0; part < _weights.Length; part++)
                _weights[part] = WeightFile.Open(_files[part], WeightLoading.Map);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override IReadOnlyList<GgufTensor> Tensors => _tensors;
    public override long MetadataBytes
    {
        get
        {
            long bytes = 4 + 4 + 8 + 8; // magic, version, counts
            foreach (string key in Keys) bytes += Metadata.EntryBytes(key);
            return bytes;
        }
    }

    public override ulong Identity
    {
        get
        {
            var sum = new Checksum();
            foreach (GgufFile file in _files)
            {
                sum.Add(BitConverter.GetBytes(file.FileBytes));
                sum.Add(BitConverter.GetBytes(file.LastWriteUtc.Ticks));
            }
            return sum.Value;
        }
    }

    public override void WriteMetadata(GgufWriter writer)
    {
        foreach (string key in Keys) writer.Copy(Metadata, key);
    }

    /// <summary>Errors: GgufException for a tensor that is not what an earlier packing wrote: it would get fresh
    /// digests here, and nobody would see the damage again.</summary>
    public override byte* Matrix(GgufTensor tensor, long index)
    {
        GgufTensor own = InFile(tensor);
        WeightFile weights = Weights(tensor);
        byte* address = weights.Address(own);
        if (_intact.Add(own)) _header?.RequireIntact(own, address, (at, count) => weights.Release(own, at, count));
        return address + index * MatrixBytes(tensor);
    }

    public override void Release(GgufTensor tensor, long index) =>
        Weights(tensor).Release(InFile(tensor), index * MatrixBytes(tensor), MatrixBytes(tensor));

    public override void Moved(GgufTensor tensor, long index, long from, long to)
    {
        long start = index * MatrixBytes(tensor);
        if (from - _behind >= Step || from < _behind)
        {
            if (from > _behind) Weights(tensor).Release(InFile(tensor), start + _behind, from - _behind);
            _behind = from;
        }
        // Reads ahead of the conversion, into the next matrix too, but not beyond the tensor.
        long end = Math.Min(tensor.Bytes, start + to + 2 * Step);
        if (_ahead.Tensor != tensor || _ahead.End < start + from) _ahead = (tensor, start + from);
        if (end - _ahead.End < Step && end < tensor.Bytes || end <= _ahead.End) return;
        Weights(tensor).Expect(InFile(tensor), _ahead.End, end - _ahead.End);
        _ahead = (tensor, end);
    }

    /// <summary>Keys that the packed file has too.</summary>
    private IEnumerable<string> Keys => Metadata.Keys.Where(static key => key != "general.alignment"
        && !key.StartsWith("edge.pack.", StringComparison.Ordinal) && !GgufFile.IsKeyOfParts(key));

    /// <summary>Of parts, the first has all.</summary>
    private GgufMetadata Metadata => _files[0].Metadata;

    /// <summary>The file's own entry: that its blocks are of 64 may have been said by the user.</summary>
    private GgufTensor InFile(GgufTensor tensor) => tensor.HasBlocksOf64
        ? _files[_partOf[tensor.Name]].Get(tensor.Name) : tensor;

    private WeightFile Weights(GgufTensor tensor) => _weights[_partOf[tensor.Name]];

    public override void Dispose()
    {
        foreach (WeightFile? weights in _weights) weights?.Dispose();
    }
}
