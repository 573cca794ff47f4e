using Edge.Gguf;
using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>Which tensors of a file can stream, and what each costs in memory when it does not.</summary>
internal sealed class WeightLayout
{
    private readonly KernelSet _kernels;
    private readonly bool _isFloat, _isCoarse;
    private readonly List<GgufTensor>[] _streamable;

    public WeightLayout(
        GgufFile file, ModelConfig config, bool isPacked, KernelSet kernels, ModelOptions options)
    {
        (File, _kernels, _isFloat) = (file, kernels, options.Arithmetic == Arithmetic.Float);
        _isCoarse = options.Coarse;
        IsMixture = config.ExpertCount > 0;
        _streamable = new List<GgufTensor>[config.LayerCount];
        for (int l = 0; l < _streamable.Length; l++) _streamable[l] = [];
        foreach (GgufTensor tensor in file.Tensors)
        {
            int layer = LayerOf(tensor);
            if (IsUnused(tensor)) continue;
            if (layer < 0 || layer >= config.LayerCount || tensor.Shape.Count < 2) continue;
            bool isPart = IsMixture ? IsExperts(tensor) || ExpertOf(tensor) >= 0
                : tensor.Shape.Count == 2 && !IsReadAtLoad(tensor);
            if (!isPart) continue;
            // Outliers stream with their matrix, or stay with it.
            bool isSparse = QuantTypes.Of(tensor.Type).IsSparse;
            if (isPacked && CanStream(tensor) && (!isSparse || OwnerCanStream(tensor)))
                _streamable[layer].Add(tensor);
            else if (!isSparse) Obstacles++;
        }
        GgufTensor? table = file.Find("token_embd.weight");
        bool tied = file.Find("output.weight") is null;
        Gathered = table is null || tied || QuantTypes.Of(table.Type).IsPacked ? null : table;
    }

    public GgufFile File { get; }
    public bool IsMixture { get; }
    /// <summary>Matrices of layers, or stacks of experts, that cannot stream.</summary>
    public int Obstacles { get; }
    /// <summary>The embedding table, when it is not the head as well and its rows stand alone.</summary>
    public GgufTensor? Gathered { get; }

    /// <summary>The matrices of a layer, or its stacks of experts, that can stream.</summary>
    public IReadOnlyList<GgufTensor> Streamable(int layer) => _streamable[layer];

    /// <summary>A second plane that coarse arithmetic leaves out.</summary>
    public bool IsUnused(GgufTensor tensor) => _isCoarse && IsLow(tensor);

    /// <summary>The second plane of a matrix: the LO slice of an expert.</summary>
    public static bool IsLow(GgufTensor tensor) => tensor.Type == QuantType.NESTED4_LO;

    /// <summary>Experts have a LO slice.</summary>
    public bool HasLow => IsMixture && _streamable.Any(layer => layer.Any(IsLow));

    /// <summary>Whole pages that a slice takes: all of a layer; of an expert its HI or its LO slice, of experts that
    /// differ the largest one.</summary>
    public long SliceBytes(int layer, bool low)
    {
        long shared = 0;
        var own = new List<long>();
        foreach (GgufTensor tensor in _streamable[layer])
        {
            if (IsMixture && IsLow(tensor) != low) continue;
            long bytes = Pages(tensor.Bytes / Matrices(tensor));
            int expert = IsMixture ? ExpertOf(tensor) : -1;
            while (own.Count <= expert) own.Add(0);
            if (expert < 0) shared += bytes;
            else own[expert] += bytes;
        }
        return shared + own.DefaultIfEmpty().Max();
    }

    /// <summary>Matrices that can be read alone.</summary>
    public static int Matrices(GgufTensor tensor) => tensor.Shape.Count > 2 ? checked((int)tensor.Shape[2]) : 1;

    /// <summary>A stack with a matrix per expert; those of latent attention have one per head.</summary>
    public static bool IsExperts(GgufTensor tensor) =>
        tensor.Shape.Count == 3 && tensor.Name.Contains("_exps.weight", StringComparison.Ordinal);

    /// <summary>The expert to which a matrix belongs that is a tensor of its own (blk.0.ffn_up.3.weight; also its
    /// outliers): those of a layer may then differ; −1 for any other tensor.</summary>
    public static int ExpertOf(GgufTensor tensor) =>
        tensor.Name.Split('.') is ["blk", _, _, { } expert, "weight", .. { Length: 0 } or ["outliers"]]
        && tensor.Shape.Count == 2 && int.TryParse(expert, out int number)
        && number is >= 0 and < CacheShape.ExpertsMax ? number : -1;

    /// <summary>What is brought into another form at load and not read again.</summary>
    private static bool IsReadAtLoad(GgufTensor tensor) =>
        tensor.Name.EndsWith(".attn_kv_b.weight", StringComparison.Ordinal)
        || tensor.Name.EndsWith(".shortconv.conv.weight", StringComparison.Ordinal);

    /// <summary>−1 for what belongs to no layer.</summary>
    public static int LayerOf(GgufTensor tensor)
    {
        const string Prefix = "blk.";
        if (!tensor.Name.StartsWith(Prefix, StringComparison.Ordinal)) return -1;
        int dot = tensor.Name.IndexOf('.', Prefix.Length);
        return dot > 0 && int.TryParse(tensor.Name.AsSpan(Prefix.Length, dot - Prefix.Length), out int layer)
            ? layer : -1;
    }

    /// <summary>Bytes that a tensor takes when it stays in memory.</summary>
    public long ResidentBytes(GgufTensor tensor, WeightLoading loading)
    {
        if (IsUnused(tensor)) return 0;
        if (tensor.Shape.Count < 2 || tensor == Gathered) return tensor.Bytes;
        QuantTypeRow type = QuantTypes.Of(tensor.Type);
        if (_isFloat && type.IsSparse) return tensor.Bytes;
        if (_isFloat) return type.IsPacked ? tensor.Rows * tensor.Columns * sizeof(float) + tensor.Bytes : tensor.Bytes;
        if (_kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)) return tensor.Bytes;
        long rows = tensor.Shape[1], copy = layout.Bytes(rows, tensor.Columns) * (tensor.Rows / rows);
        // Tiles are made of the rows at load: from a map the rows' pages are given back.
        if (loading == WeightLoading.Map) return copy;
        return layout.PacksInPlace(type, rows) ? tensor.Bytes : tensor.Bytes + copy;
    }

    private static unsafe bool IsStored(TileLayout layout) => layout.Pack == null;

    private bool CanStream(GgufTensor tensor)
    {
        if (tensor.Offset % StorageFile.Alignment != 0) return false;
        if (Matrices(tensor) > 1 && tensor.Bytes / Matrices(tensor) % StorageFile.Alignment != 0) return false;
        bool isPacked = QuantTypes.Of(tensor.Type).IsPacked;
        if (_isFloat) return !isPacked;
        return _kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)
            || layout.PacksInPlace(QuantTypes.Of(tensor.Type), tensor.Shape[1]);
    }

    /// <summary>What makes tiles of the rows of a streamed matrix when they have come; null: they are used as they
    /// are.</summary>
    public unsafe Func<nint, bool>? Arrange(GgufTensor tensor)
    {
        if (_isFloat || _kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)) return null;
        long columns = tensor.Columns, rows = tensor.Shape[1];
        return at => layout.PackInPlace((byte*)at, columns, rows) == 0;
    }

    private bool OwnerCanStream(GgufTensor outliers) =>
        outliers.Name.EndsWith(Tensors.OutliersSuffix, StringComparison.Ordinal)
        && File.Find(outliers.Name[..^Tensors.OutliersSuffix.Length]) is { } owner && CanStream(owner);

    private static long Pages(long bytes) =>
        (bytes + StorageFile.Alignment - 1) / StorageFile.Alignment * StorageFile.Alignment;
}
