using Edge.Gguf;
using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>Which tensors of a file can stream, and what each costs in memory when it does not.</summary>
internal sealed class WeightLayout
{
    private readonly KernelSet _kernels;
    private readonly bool _isFloat, _isCoarse;
    private readonly int _experts;
    private readonly List<GgufTensor>[] _streamable;

    public WeightLayout(
        GgufFile file, ModelConfig config, KernelSet kernels, ModelOptions options)
    {
        (File, _kernels, _isFloat) = (file, kernels, options.Arithmetic == Arithmetic.Float);
        _isCoarse = options.Coarse;
        _experts = config.ExpertCount;
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
            if (CanStream(tensor) && (!isSparse || OwnerCanStream(tensor))) _streamable[layer].Add(tensor);
            else if (!isSparse) Obstacle ??= tensor;
        }
        GgufTensor? table = file.Find("token_embd.weight");
        GgufTensor? head = file.Find("output.weight");
        Gathered = table is null || head is null || !HasRows(table) ? null : table;
        OutputName = (head ?? table)?.Name;
        // Of a table that is the head as well, rows must be found in the file.
        if (head is null && table is not null && HasRows(table)) head = table;
        Head = head is { Shape.Count: 2 } && CanStream(head) ? head : null;
    }

    public GgufFile File { get; }
    public bool IsMixture => _experts > 0;
    /// <summary>The first matrix of a layer, or stack of experts, that cannot stream; null: all can.</summary>
    public GgufTensor? Obstacle { get; }
    /// <summary>The embedding table, when it is not the head as well and its rows stand alone.</summary>
    public GgufTensor? Gathered { get; }
    /// <summary>The name of the matrix of the logits.</summary>
    public string? OutputName { get; }
    /// <summary>The matrix of the logits, when it can stream.</summary>
    public GgufTensor? Head { get; }

    /// <summary>The table of which rows are read from the file while units of a grain stream; null: it is in memory.
    /// </summary>
    public GgufTensor? GatheredIn(WindowGrain grain) =>
        grain == WindowGrain.MatricesAndHead && Head?.Name == "token_embd.weight" ? Head : Gathered;

    /// <summary>What streams as one, in the order of layers, the head last: all of a layer that can, or a matrix with
    /// its second plane and its outliers. A layer of which nothing can is empty.</summary>
    public IReadOnlyList<IReadOnlyList<GgufTensor>> Units(WindowGrain grain)
    {
        if (grain == WindowGrain.Layers) return _streamable;
        var units = new List<IReadOnlyList<GgufTensor>>();
        foreach (List<GgufTensor> layer in _streamable)
            foreach (GgufTensor tensor in layer)
                if (!IsCompanion(tensor)) units.Add(WithCompanions(tensor));
        if (grain == WindowGrain.MatricesAndHead && Head is not null) units.Add(WithCompanions(Head));
        return units;
    }

    /// <summary>The matrices of a layer, or its stacks of experts, that can stream.</summary>
    public IReadOnlyList<GgufTensor> Streamable(int layer) => _streamable[layer];

    /// <summary>A second plane that coarse arithmetic leaves out.</summary>
    public bool IsUnused(GgufTensor tensor) => _isCoarse && IsLow(tensor);

    /// <summary>The second plane of a matrix: the LO slice of an expert.</summary>
    public static bool IsLow(GgufTensor tensor) => tensor.Type == QuantType.NESTED4_LO;

    /// <summary>Experts have a LO slice.</summary>
    public bool HasLow => IsMixture && _streamable.Any(layer => layer.Any(IsLow));

    /// <summary>Whole pages that a slice takes: all of a layer; of an expert its HI or its LO slice, of experts that
    /// differ, or touch more pages, the largest one.</summary>
    public long SliceBytes(int layer, bool low)
    {
        IReadOnlyList<GgufTensor> all = _streamable[layer];
        if (!IsMixture) return all.Sum(tensor => Range(tensor, 0, 1).SlotBytes);
        long[] bytes = new long[_experts];
        foreach (GgufTensor tensor in all)
        {
            if (IsLow(tensor) != low) continue;
            if (ExpertOf(tensor) is var own && own >= _experts) continue;
            if (own >= 0) bytes[own] += Range(tensor, 0, 1).SlotBytes;
            else for (int e = 0; e < _experts; e++) bytes[e] += Range(tensor, e, _experts).SlotBytes;
        }
        return bytes.Max();
    }

    /// <summary>One of <paramref name="count"/> matrices of a tensor, as it is used.</summary>
    public ByteRange Range(GgufTensor tensor, int matrix, int count) =>
        new(tensor.Offset + matrix * (tensor.Bytes / count), tensor.Bytes / count, null)
        {
            Arrange = Arrange(tensor),
            // Tiles are read a vector at a time; rows begin where they happen to, in a mapped file too.
            BeginsOnPage = !_isFloat && _kernels.Layout(tensor.Type) is { Rows: > 1 },
        };

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
        if (_isFloat)
            return HasFloatKernel(tensor) ? tensor.Bytes : tensor.Rows * tensor.Columns * sizeof(float) + tensor.Bytes;
        if (_kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)) return tensor.Bytes;
        long rows = tensor.Shape[1], copy = layout.Bytes(rows, tensor.Columns) * (tensor.Rows / rows);
        // Tiles are made of the rows at load: from a map the rows' pages are given back.
        if (loading == WeightLoading.Map) return copy;
        return layout.PacksInPlace(type, rows) ? tensor.Bytes : tensor.Bytes + copy;
    }

    /// <summary>Others are decoded at load, in float arithmetic.</summary>
    private unsafe bool HasFloatKernel(GgufTensor tensor) => _kernels.InPlace(tensor.Type) != null;

    private static unsafe bool IsStored(TileLayout layout) => layout.Pack == null;

    private bool CanStream(GgufTensor tensor)
    {
        if (_isFloat) return HasFloatKernel(tensor);
        return _kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)
            || layout.PacksInPlace(QuantTypes.Of(tensor.Type), tensor.Shape[1]);
    }

    /// <summary>What makes tiles of the rows of a streamed matrix when they have come; null: they are used as they
    /// are.</summary>
    private unsafe Func<nint, bool>? Arrange(GgufTensor tensor)
    {
        if (_isFloat || _kernels.Layout(tensor.Type) is not { } layout || IsStored(layout)) return null;
        long columns = tensor.Columns, rows = tensor.Shape[1];
        return at => layout.PackInPlace((byte*)at, columns, rows) == 0;
    }

    private List<GgufTensor> WithCompanions(GgufTensor tensor)
    {
        var unit = new List<GgufTensor> { tensor };
        foreach (string suffix in (string[])[Tensors.PlaneSuffix, Tensors.OutliersSuffix])
            if (File.Find(tensor.Name + suffix) is { } companion && IsCompanion(companion) && !IsUnused(companion))
                unit.Add(companion);
        return unit;
    }

    /// <summary>What belongs to another matrix and comes with it.</summary>
    private static bool IsCompanion(GgufTensor tensor) => IsLow(tensor) || QuantTypes.Of(tensor.Type).IsSparse;

    /// <summary>Bytes of a row of so many activations, prepared in every format that a matrix reads which takes them.
    /// </summary>
    public long PreparedBytes(int width)
    {
        long bytes = 0;
        if (_isFloat) return bytes;
        foreach (ActivationFormat format in _kernels.Activations(File, width))
            bytes += PreparedRows.Bytes(format, width) + Outliers.Bytes(format);
        return bytes;
    }

    private bool OwnerCanStream(GgufTensor outliers) =>
        outliers.Name.EndsWith(Tensors.OutliersSuffix, StringComparison.Ordinal)
        && File.Find(outliers.Name[..^Tensors.OutliersSuffix.Length]) is { } owner && CanStream(owner);

    /// <summary>Single rows can be looked up in the file.</summary>
    private static bool HasRows(GgufTensor tensor) =>
        QuantTypes.Of(tensor.Type) is { IsPacked: false, MatrixTrailerBytes: 0 };
}
