using Edge.Gguf;
using Edge.Kernels;
using Edge.Weights;

namespace Edge.Models;

/// <summary>
/// Binds tensors by name, with their shape checked, and brings each into the layout that its kernel reads: quantised
/// matrices are packed into tiles for integer arithmetic, all others stay where the file (or its copy) has them.
/// Owns what it packs and the weight file.
/// </summary>
internal sealed unsafe class Tensors : IDisposable
{
    private readonly WeightFile _weights;
    private readonly KernelSet _kernels;
    private readonly Arithmetic _arithmetic;
    private readonly Action<long, long>? _progress;
    private readonly List<NativeArena> _packed = [];
    private readonly Dictionary<GgufTensor, Matrix> _bound = new(ReferenceEqualityComparer.Instance);
    private readonly long _totalBytes;
    private long _doneBytes;

    public Tensors(GgufFile file, WeightFile weights, KernelSet kernels, Arithmetic arithmetic,
        Action<long, long>? progress)
    {
        (File, _weights, _kernels, _arithmetic, _progress) = (file, weights, kernels, arithmetic, progress);
        _totalBytes = file.Tensors.Sum(tensor => tensor.Bytes);
    }

    public GgufFile File { get; }

    /// <summary>A float32 vector, read in place.</summary>
    public float* Vector(string name, long length)
    {
        GgufTensor tensor = Checked(name, length);
        if (tensor.Type != QuantType.F32)
            throw new GgufException($"tensor '{name}' is {QuantTypes.Of(tensor.Type).Name}, a vector must be F32",
                tensor.EntryOffset);
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
        Bind(Checked(name, columns, rows, experts), rows, experts);

    /// <summary>A table of which single rows are looked up: stays in place.</summary>
    public Matrix Table(string name, long rows, long columns)
    {
        GgufTensor tensor = Checked(name, columns, rows);
        Count(tensor);
        return InPlace(tensor, rows, 1);
    }

    public void Dispose()
    {
        foreach (NativeArena arena in _packed) arena.Dispose();
        _packed.Clear();
        _weights.Dispose();
    }

    private GgufTensor Checked(string name, params ReadOnlySpan<long> shape)
    {
        GgufTensor tensor = File.Get(name);
        bool same = true;
        for (int i = 0; i < Math.Max(shape.Length, tensor.Shape.Count); i++)
        {
            long expected = i < shape.Length ? shape[i] : 1;
            same &= expected == (i < tensor.Shape.Count ? tensor.Shape[i] : 1);
        }
        if (!same)
            throw new GgufException($"tensor '{name}' is {string.Join(" × ", tensor.Shape)}, the metadata asks for " +
                string.Join(" × ", shape.ToArray()), tensor.EntryOffset);
        return tensor;
    }

    private Matrix Bind(GgufTensor tensor, long rows, long count)
    {
        if (_bound.TryGetValue(tensor, out Matrix bound)) return bound;
        bool packs = _arithmetic == Arithmetic.Integer && _kernels.Tiled(tensor.Type) != null;
        Matrix matrix = packs ? Pack(tensor, rows, count) : InPlace(tensor, rows, count);
        Count(tensor);
        _bound.Add(tensor, matrix);
        return matrix;
    }

    private Matrix InPlace(GgufTensor tensor, long rows, long count)
    {
        long bytes = tensor.Bytes / count;
        return new Matrix
        {
            Weights = _weights.Address(tensor),
            Rows = rows,
            Columns = tensor.Columns,
            StackBytes = count > 1 ? bytes : 0,
            Type = tensor.Type,
            Packed = false,
            Kernel = _kernels.InPlace(tensor.Type),
            Bytes = bytes,
        };
    }

    private Matrix Pack(GgufTensor tensor, long rows, long count)
    {
        PackKernel pack = KernelSet.Packer(tensor.Type);
        int blockBytes = KernelSet.TileBlockBytes(tensor.Type);
        long bytes = Tiles.Bytes(rows, tensor.Columns, blockBytes);
        byte* source = _weights.Address(tensor);
        // Own memory with no ragged tile is packed in place, tile by tile; pages of a map are released instead.
        bool inPlace = _weights.Loading == WeightLoading.Read && rows % Tiles.Rows == 0;
        byte* target = inPlace ? source : Allocate(checked(bytes * count));
        long bad = inPlace
            ? PackInPlace(source, tensor.Columns, rows * count, pack, blockBytes)
            : PackAll(source, target, tensor, rows, count, pack, bytes);
        if (bad != 0)
            throw new GgufException($"tensor '{tensor.Name}' has {bad} block scales that are infinite or not a number; " +
                "the file is damaged or was badly converted", tensor.EntryOffset);
        if (!inPlace) _weights.Release(tensor);
        return new Matrix
        {
            Weights = target,
            Rows = rows,
            Columns = tensor.Columns,
            StackBytes = count > 1 ? bytes : 0,
            Type = tensor.Type,
            Packed = true,
            Kernel = _kernels.Tiled(tensor.Type),
            Bytes = bytes,
        };
    }

    private static long PackAll(byte* source, byte* target, GgufTensor tensor, long rows, long count, PackKernel pack,
        long bytes)
    {
        long bad = 0, sourceBytes = tensor.Bytes / count;
        for (long i = 0; i < count; i++) bad += pack(source + i * sourceBytes, target + i * bytes, tensor.Columns, rows);
        return bad;
    }

    private static long PackInPlace(byte* weights, long columns, long rows, PackKernel pack, int blockBytes)
    {
        long tileBytes = Tiles.Bytes(Tiles.Rows, columns, blockBytes), bad = 0;
        using var scratch = new NativeArena(tileBytes);
        byte* tile = scratch.Take(tileBytes);
        for (long t = 0; t < rows / Tiles.Rows; t++)
        {
            bad += pack(weights + t * tileBytes, tile, columns, Tiles.Rows);
            Buffer.MemoryCopy(tile, weights + t * tileBytes, tileBytes, tileBytes);
        }
        return bad;
    }

    private byte* Allocate(long bytes)
    {
        var arena = new NativeArena(bytes);
        _packed.Add(arena);
        return arena.Take(bytes);
    }

    private void Count(GgufTensor tensor)
    {
        _doneBytes += tensor.Bytes;
        _progress?.Invoke(Math.Min(_doneBytes, _totalBytes), _totalBytes);
    }
}
