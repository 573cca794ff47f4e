using Edge.Gguf;
using Edge.Kernels;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Models;

/// <summary>
/// Binds tensors by name, with their shape checked, and brings each into the layout that its kernel reads: quantised
/// matrices are put into tiles for integer arithmetic; packed ones, and all others, stay where the file (or its copy)
/// has them.
/// Owns what it packs and the weight file.
/// </summary>
internal sealed unsafe partial class Tensors : IDisposable
{
    private readonly WeightFile _weights;
    private readonly KernelSet _kernels;
    private readonly WorkerPool _loaders;
    private readonly Arithmetic _arithmetic;
    private readonly bool _coarse;
    private readonly Action<long, long>? _progress;
    private readonly PackHeader? _pack;
    private readonly List<NativeArena> _packed = [];
    private readonly Dictionary<GgufTensor, Matrix> _bound = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _asked = [];
    private readonly long _totalBytes;
    private long _doneBytes;

    /// <summary><paramref name="pack"/>: null for a file that is not packed. <paramref name="loaders"/> make tiles
    /// while tensors are bound. Takes <paramref name="stream"/> over.</summary>
    public Tensors(GgufFile file, PackHeader? pack, WeightFile weights, KernelSet kernels, WorkerPool loaders,
        ModelOptions options, Action<long, long>? progress, WeightStream? stream = null)
    {
        (File, _pack, _weights, _kernels, _progress) = (file, pack, weights, kernels, progress);
        _loaders = loaders;
        (_arithmetic, _coarse, Stream) = (options.Arithmetic, options.Coarse, stream);
        _totalBytes = file.Tensors.Sum(tensor => tensor.Bytes);
        weights.PreferLargePages(
            file.Tensors.Where(tensor => kernels.Layout(tensor.Type) is { } layout && layout.Pack == null));
    }

    /// <summary>What the tensor of a second plane has behind the name of the first.</summary>
    public const string PlaneSuffix = ".lo";

    public GgufFile File { get; }
    /// <summary>Brings the tensors that are not in memory; null when all are.</summary>
    public WeightStream? Stream { get; }

    /// <summary>Every matrix that was bound so far.</summary>
    public Dictionary<GgufTensor, Matrix> Bound => _bound;

    /// <summary>A float32 vector, read in place.</summary>
    public float* Vector(string name, long length) => Vector(Checked(name, length));

    /// <summary>Float32 vectors one after another, one per expert, read in place.</summary>
    public float* Vectors(string name, long length, long count) => Vector(Checked(name, length, count));

    private float* Vector(GgufTensor tensor)
    {
        if (tensor.Type != QuantType.F32)
            throw new GgufException($"tensor '{tensor.Name}' is {QuantTypes.Of(tensor.Type).Name}, " +
                "a vector must be F32", tensor.EntryOffset);
        _pack?.RequireIntact(tensor, _weights.Address(tensor));
        Count(tensor);
        return (float*)_weights.Address(tensor);
    }

    /// <summary>As <see cref="Vector"/>; null when the file has no such tensor.</summary>
    public float* FindVector(string name, long length) => File.Find(name) is null ? null : Vector(name, length);

    /// <summary>A matrix of rows × columns that activations are multiplied with.</summary>
    public Matrix Matrix(string name, long rows, long columns) => Bind(Checked(name, columns, rows), rows, 1);

    /// <summary>As <see cref="Matrix"/>; null when the file has no such tensor.</summary>
    public Matrix? FindMatrix(string name, long rows, long columns) =>
        File.Find(name) is null ? null : Matrix(name, rows, columns);

    /// <summary>Matrices of rows × columns, one per expert.</summary>
    public Matrix Stack(string name, long rows, long columns, long experts) =>
        FindParts(name, rows, columns, experts) ?? Bind(Checked(name, columns, rows, experts), rows, experts);

    /// <summary>A table of which single rows are looked up: stays in place.</summary>
    public Matrix Table(string name, long rows, long columns)
    {
        GgufTensor tensor = Checked(name, columns, rows);
        if (QuantTypes.Of(tensor.Type) is { IsPacked: true } or { MatrixTrailerBytes: > 0 })
            return Bind(tensor, rows, 1);
        if (Stream?.Reader(tensor) is { } reader)
            return InPlace(tensor, null, rows, 1, _kernels.InPlace(tensor.Type), null) with { Reader = reader };
        _pack?.RequireIntact(tensor, _weights.Address(tensor));
        Count(tensor);
        return InPlace(tensor, _weights.Address(tensor), rows, 1, _kernels.InPlace(tensor.Type), null);
    }

    /// <summary>Formats of activations that matrices with that many columns read.</summary>
    public IReadOnlySet<ActivationFormat> Activations(int columns) =>
        _arithmetic == Arithmetic.Float ? new HashSet<ActivationFormat>() : _kernels.Activations(File, columns);

    /// <summary>A tensor that nothing asked for would be left out of the arithmetic, and the answers be wrong without a
    /// word. Errors: GgufException that names it.</summary>
    public void RequireAllAsked(string architecture)
    {
        foreach (GgufTensor tensor in File.Tensors)
        {
            // Second planes may be left out on purpose.
            if (tensor.Type != QuantType.NESTED4_LO && !_asked.Contains(tensor.Name))
                throw new GgufException($"tensor '{tensor.Name}' has no place in the architecture '{architecture}' " +
                    "as it is known here; leaving it out would give wrong answers", tensor.EntryOffset);
        }
    }

    public void Dispose()
    {
        foreach (NativeArena arena in _packed) arena.Dispose();
        _packed.Clear();
        Stream?.Dispose();
        _weights.Dispose();
    }

    private GgufTensor Checked(string name, params ReadOnlySpan<long> shape)
    {
        GgufTensor tensor = File.Get(name);
        _asked.Add(name);
        bool same = true;
        for (int i = 0; i < Math.Max(shape.Length, tensor.Shape.Count); i++)
        {
            long expected = i < shape.Length ? shape[i] : 1;
            same &= expected == (i < tensor.Shape.Count ? tensor.Shape[i] : 1);
        }
        if (!same)
            throw new GgufException($"tensor '{name}' is {string.Join(" × ", tensor.Shape)}, the metadata asks for " +
                string.Join(" × ", shape.ToArray()), tensor.EntryOffset);
        if (tensor.Type == QuantType.NESTED4_LO && !name.EndsWith(PlaneSuffix, StringComparison.Ordinal))
            throw new GgufException($"tensor '{name}' is {tensor.Type}, the second plane of a matrix; " +
                "the file is damaged, pack the model again", tensor.EntryOffset);
        if (QuantTypes.Of(tensor.Type).IsSparse && !name.EndsWith(OutliersSuffix, StringComparison.Ordinal))
            throw new GgufException($"tensor '{name}' is {tensor.Type}, the outliers of a matrix; " +
                "the file is damaged, pack the model again", tensor.EntryOffset);
        return tensor;
    }

    private Matrix Bind(GgufTensor tensor, long rows, long count)
    {
        if (_bound.TryGetValue(tensor, out Matrix bound)) return bound;
        TileLayout? layout = _kernels.Layout(tensor.Type);
        RequireColumns(tensor, layout);
        if (Stream?.Place(tensor) is { } place)
        {
            RowsKernel kernel = layout is null || _arithmetic == Arithmetic.Float
                ? _kernels.InPlace(tensor.Type) : _kernels.Tiled(tensor.Type);
            Matrix streamed = InPlace(tensor, null, rows, count, kernel,
                _arithmetic == Arithmetic.Float ? null : layout) with
            {
                Cell = place.Cell, CellStride = place.CellStride, StreamedUnit = place.Unit + 1,
            };
            streamed = WithOutliers(tensor, WithLow(tensor, streamed, rows, count), rows, count);
            _bound.Add(tensor, streamed);
            return streamed;
        }
        _pack?.RequireIntact(tensor, _weights.Address(tensor));
        RequireRows(tensor, rows, count);
        bool stored = layout is { } && layout.Pack == null;
        Matrix matrix =
            _arithmetic == Arithmetic.Float && _kernels.InPlace(tensor.Type) == null ? Decode(tensor, rows, count)
            : layout is null || _arithmetic == Arithmetic.Float
                ? InPlace(tensor, _weights.Address(tensor), rows, count, _kernels.InPlace(tensor.Type), null)
            : stored
                ? InPlace(tensor, _weights.Address(tensor), rows, count, _kernels.Tiled(tensor.Type), layout)
            : RegroupsInPlace(tensor, layout, rows) ? Regroup(tensor, rows, count, layout)
            : Pack(tensor, rows, count, layout);
        if (Stream is not null) matrix = matrix with { StreamedUnit = Stream.UnitOf(tensor) + 1 };
        Count(tensor);
        if (stored && _arithmetic == Arithmetic.Integer) matrix = WithLow(tensor, matrix, rows, count);
        if (_arithmetic == Arithmetic.Integer) matrix = WithOutliers(tensor, matrix, rows, count);
        _bound.Add(tensor, matrix);
        return matrix;
    }

    private void RequireColumns(GgufTensor tensor, TileLayout? layout)
    {
        if (layout is not null && _arithmetic == Arithmetic.Integer && tensor.Columns > layout.ColumnsMax)
            throw new GgufException($"tensor '{tensor.Name}' has {tensor.Columns} columns, and sums of " +
                $"{QuantTypes.Of(tensor.Type).Name} hold {layout.ColumnsMax}; pack the model that this file was made " +
                "of with --type digits4", tensor.EntryOffset);
    }

    /// <summary>Kernels find the tiles of TERNARY_1_67 by the number of rows that stands in the matrix
    /// itself.</summary>
    private void RequireRows(GgufTensor tensor, long rows, long count)
    {
        if (tensor.Type != QuantType.TERNARY_1_67) return;
        for (long i = 0; i < count; i++)
        {
            long at = i * (tensor.Bytes / count);
            int stated = ((int*)(_weights.Address(tensor) + at))[1];
            if (stated != rows)
                throw new GgufException($"tensor '{tensor.Name}', matrix {i}, says that it has {stated} rows, " +
                    $"and has {rows}; the file is damaged, pack the model again", tensor.Offset + at);
        }
    }

    private static Matrix InPlace(
        GgufTensor tensor, byte* weights, long rows, long count, RowsKernel kernel, TileLayout? layout)
    {
        QuantTypeRow type = QuantTypes.Of(tensor.Type);
        return new Matrix
        {
            Weights = weights,
            Rows = rows,
            Columns = tensor.Columns,
            StackBytes = count > 1 ? type.StackBytes(rows, tensor.Columns) : 0,
            Type = tensor.Type,
            Layout = layout,
            Kernel = kernel,
            Bytes = type.MatrixBytes(rows, tensor.Columns),
        };
    }
}
