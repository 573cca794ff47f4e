using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Weights;

namespace Edge.Models;

internal sealed unsafe partial class Ops
{
    /// <summary>Ranges per thread: enough that a core that is slow, or busy elsewhere, does not hold up the
    /// others.</summary>
    private const int RangesPerThread = 16;
    /// <summary>Multiplications that are worth handing to another thread.</summary>
    private const long WorkPerRange = 1 << 15;

    /// <summary>Sees what matrices multiply, while a text calibrates packing; else null.</summary>
    public ActivationRecorder? Recorder { get; set; }

    private readonly MatMulTask[] _tasks;
    private int _taskCount;

    /// <summary>y ← w · x for all rows.</summary>
    public void MatMul(RowBuffer x, in Matrix w, RowBuffer y) => MatMul(x, w, y, Batch.Count);

    /// <summary>Two matrices with one input, in one pass over the threads.</summary>
    public void MatMul(RowBuffer x, in Matrix w1, RowBuffer y1, in Matrix w2, RowBuffer y2)
    {
        Queue(x, w1, y1, 0, Batch.Count);
        Queue(x, w2, y2, 0, Batch.Count);
        RunQueued();
    }

    /// <summary>Three matrices with one input, in one pass over the threads.</summary>
    public void MatMul(RowBuffer x, in Matrix w1, RowBuffer y1, in Matrix w2, RowBuffer y2, in Matrix w3, RowBuffer y3)
    {
        Queue(x, w3, y3, 0, Batch.Count);
        MatMul(x, w1, y1, w2, y2);
    }

    /// <summary>Logits of the wanted rows, in order: y[i] ← head · norm(x[wanted i]).</summary>
    public void Logits(RowBuffer x, float* weight, in Matrix head, RowBuffer normed, RowBuffer logits)
    {
        int count = Batch.WantedCount;
        for (int i = 0; i < count; i++)
        {
            _kernels.Rms(x.Row(Batch.Wanted[i]), weight, normed.Row(i), x.Width, _config.LayerNormRmsEpsilon);
            Quantize(normed, i, i + 1);
        }
        if (count > 0) MatMul(normed, head, logits, count);
    }

    private void MatMul(RowBuffer x, in Matrix w, RowBuffer y, int rows)
    {
        Queue(x, w, y, 0, rows);
        RunQueued();
    }

    /// <summary>Adds y[first …] ← w · x[first …] to the next pass.</summary>
    private void Queue(RowBuffer x, in Matrix w, RowBuffer y, int first, int count)
    {
        if (w.StreamedUnit > 0) RequireThere(w);
        Recorder?.See(w, x, first, count);
        ref MatMulTask task = ref _tasks[_taskCount++];
        task.Kernel = w.Kernel;
        task.Planes = w.Planes;
        task.Weights = w.Weights;
        task.Low = w.Low;
        task.X = x.Operand(w.Activations, first);
        task.Split = x.Split(w.Activations, first);
        task.Outliers = w.Sparse == null ? null : w.Sparse.Of(w.SparseIndex);
        task.Sparse = w.Sparse == null ? null : w.Sparse.Kernel;
        task.Floats = (byte*)x.Row(first);
        task.Layout = w.Layout;
        task.TileRows = w.TileRows;
        task.Y = y.Row(first);
        (task.Columns, task.Rows, task.Tokens, task.YStride) = (w.Columns, w.Rows, count, y.Width);
    }

    /// <summary>A unit of the window is waited for at its first matrix; experts were waited for by NextWave. Errors:
    /// WeightReadException.</summary>
    private void RequireThere(in Matrix w)
    {
        if (_window is not null && !_window.IsIn(w.StreamedUnit - 1))
        {
            // What is queued may be of the unit that leaves.
            RunQueued();
            _window.Enter(w.StreamedUnit - 1);
        }
        if (w.Cell == null) return;
        if (w.Weights == null)
            throw new InvalidOperationException("a streamed matrix is used before it is there: a bug");
        w.Sparse?.RequireThere(w.SparseIndex);
        // This kernel finds its tiles by a count inside them, which no header vouches for.
        if (w.Type == QuantType.TERNARY_1_67 && ((int*)w.Weights)[1] != w.Rows)
            throw new WeightReadException(ReadFailure.WrongChecksum, 0, $"a matrix of {w.Rows} rows says that it " +
                $"has {((int*)w.Weights)[1]}; the file is damaged, pack the model again");
    }

    private void RunQueued()
    {
        long tiles = 0, work = 0;
        for (int i = 0; i < _taskCount; i++)
        {
            tiles += _tasks[i].TileCount;
            work += _tasks[i].Rows * _tasks[i].Columns * _tasks[i].Tokens;
        }
        long least = tiles * WorkPerRange / Math.Max(work, 1);
        long grain = Math.Max(Math.Max(least, tiles / (_pool.Count * RangesPerThread)), 1);
        // Kernels take two tiles at a time.
        if (grain > 1) grain += grain & 1;
        _pool.Run(_matMulTiles, tiles, grain);
        _taskCount = 0;
    }

    /// <summary>Tiles are numbered through all queued matrices.</summary>
    private void MatMulTiles(int worker, long from, long to)
    {
        for (int i = 0; i < _taskCount && from < to; i++)
        {
            long count = _tasks[i].TileCount;
            if (from < count) _tasks[i].Run(from, Math.Min(to, count));
            from = Math.Max(from - count, 0);
            to -= count;
        }
    }
}
