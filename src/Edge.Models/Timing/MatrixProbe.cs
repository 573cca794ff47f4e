using System.Diagnostics;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>One matrix kernel over weights that mean nothing, as often as a measurement wants. Copies of the matrix
/// stand one after another, so that a cache is as useful, or as useless, as among the matrices of a model.</summary>
internal sealed unsafe class MatrixProbe : IDisposable
{
    /// <summary>Long against the clock's step and the threads' common start, short against a time slice.</summary>
    private const double RunSeconds = 0.008;
    private const int PatternBytes = 1 << 20;

    private readonly NativeArena _memory;
    private readonly RowsKernel _kernel;
    private readonly PlanesKernel _planes;
    private readonly long _lowAt;
    private readonly byte* _w;
    private readonly byte* _x;
    private readonly float* _y;
    private readonly long _rows, _columns, _stride, _tilesPerCopy, _tiles;
    private readonly int _tileRows, _tokens;
    private long _next;
    private long _tilesPerRun = 1;

    public MatrixProbe(KernelSet set, QuantType type, long rows, long columns, int tokens, long copies)
    {
        (_rows, _columns, _tokens) = (rows, columns, tokens);
        if (type == QuantType.NESTED4_LO)
        {
            _planes = set.Planes(QuantType.NESTED4_HI);
            _lowAt = (set.Layout(QuantType.NESTED4_HI)!.Bytes(rows, columns) + 63) & ~63L;
        }
        RowsKernel tiled = set.Tiled(First(type));
        _kernel = tiled != null ? tiled : set.InPlace(type);
        (long bytes, long activationBytes, _tileRows) = Shape(set, type, rows, columns);
        Bytes = bytes;
        _tilesPerCopy = (rows + _tileRows - 1) / _tileRows;
        _tiles = _tilesPerCopy * copies;
        _stride = (bytes + 63) & ~63L;
        _memory = new NativeArena(
            _stride * copies + (activationBytes + rows * sizeof(float)) * tokens, large: true);
        _w = _memory.Take(_stride * copies);
        _x = _memory.Take(activationBytes * tokens);
        _y = _memory.TakeFloats(rows * tokens);
        Fill(_w, _stride * copies);
        // The one layout that says its rows itself.
        if (type == QuantType.TERNARY_1_67)
        {
            for (long copy = 0; copy < copies; copy++) ((int*)(_w + copy * _stride))[1] = (int)rows;
        }
        Fill(_x, activationBytes * tokens);
    }

    /// <summary>Bytes of the matrix, one copy.</summary>
    public long Bytes { get; }

    /// <summary>Bytes of weights that <see cref="Run"/> passes over.</summary>
    public double BytesPerRun => (double)_tilesPerRun / _tilesPerCopy * Bytes;

    /// <summary>Bytes of a matrix in the layout that the set's kernel reads.</summary>
    public static long MatrixBytes(KernelSet set, QuantType type, long rows, long columns) =>
        Shape(set, type, rows, columns).Bytes;

    /// <summary>Finds how much work a run of the right length is; warms up the caches on the way.</summary>
    public void Calibrate()
    {
        Run(); // Pages are touched and, outside the native binary, code is compiled.
        while (true)
        {
            // The shorter of two: one interruption must not end the search at a few tiles.
            double seconds = Math.Min(TimeOne(), TimeOne());
            if (seconds >= RunSeconds / 8)
            {
                _tilesPerRun = Math.Max(1, (long)(_tilesPerRun * (RunSeconds / seconds)));
                return;
            }
            _tilesPerRun *= 2;
        }
    }

    /// <summary>Rows of a tile of the layout.</summary>
    public static int TileRows(KernelSet set, QuantType type) => set.Layout(First(type))?.Rows ?? Tiles.Rows;

    /// <summary>As much work as the other probe does in a run.</summary>
    public void CalibrateLike(MatrixProbe other) => _tilesPerRun = other._tilesPerRun;

    /// <summary>Goes on where the last run ended: what is too large for a cache never comes from one.</summary>
    public void Run()
    {
        for (long left = _tilesPerRun; left > 0;)
        {
            long copy = _next / _tilesPerCopy, tile = _next % _tilesPerCopy;
            long count = Math.Min(left, _tilesPerCopy - tile);
            byte* w = _w + copy * _stride;
            long row0 = tile * _tileRows, row1 = Math.Min((tile + count) * _tileRows, _rows);
            if (_planes != null) _planes(w, w + _lowAt, _x, _y, _columns, row0, row1, _tokens, _rows);
            else _kernel(w, _x, _y, _columns, row0, row1, _tokens, _rows);
            left -= count;
            _next = (_next + count) % _tiles;
        }
    }

    public void Dispose() => _memory.Dispose();

    private double TimeOne()
    {
        long start = Stopwatch.GetTimestamp();
        Run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>All that a measurement must know of a layout: bytes of the matrix, of one token's activations, and rows
    /// of a tile.</summary>
    private static (long Bytes, long ActivationBytes, int TileRows) Shape(
        KernelSet set, QuantType type, long rows, long columns) => set.Layout(First(type)) is { } layout
            ? (layout.Bytes(rows, columns) + LowBytes(type, rows, columns),
                PreparedRows.Bytes(layout.Activations, (int)columns), layout.Rows)
            : (rows * QuantTypes.RowBytes(type, columns), columns * sizeof(float), Tiles.Rows);

    /// <summary>A second plane is measured behind its first one, with the kernel of both.</summary>
    private static QuantType First(QuantType type) => type == QuantType.NESTED4_LO ? QuantType.NESTED4_HI : type;

    private static long LowBytes(QuantType type, long rows, long columns) =>
        First(type) == type ? 0 : (QuantTypes.Of(type).MatrixBytes(rows, columns) + 63) & ~63L;

    /// <summary>Random bytes 0x30 to 0x3F: wherever a layout has its scales, and in whatever format, they are common
    /// numbers. Subnormal ones would be measured instead of the kernel.</summary>
    private static void Fill(byte* to, long bytes)
    {
        long pattern = Math.Min(bytes, PatternBytes);
        var span = new Span<byte>(to, (int)pattern);
        new Random(1).NextBytes(span);
        foreach (ref byte b in span) b = (byte)(0x30 | b & 15);
        for (long at = pattern; at < bytes; at += pattern)
            Buffer.MemoryCopy(to, to + at, bytes - at, Math.Min(pattern, bytes - at));
    }
}
