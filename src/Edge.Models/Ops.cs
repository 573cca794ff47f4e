using Edge.Kernels;

namespace Edge.Models;

/// <summary>
/// The vocabulary in which a Forward is written: each method is one step over all rows of the batch, shared out to the
/// worker pool, on kernels of the chosen set. Matrices are in OpsMatMul.cs, experts in OpsExperts.cs.
/// </summary>
internal sealed unsafe partial class Ops
{
    private readonly ModelConfig _config;
    private readonly KernelSet _kernels;
    private readonly WorkerPool _pool;
    private readonly RopeTables _rope;
    private readonly bool _half;
    private readonly float* _scratch;
    private readonly LoopPart _normRows, _headNormRows, _ropeRows, _rememberRows, _attendHeads, _prepareRows, _gateRows,
        _addRows, _matMulTiles, _gatherSlots, _combineRows;

    // Operands of the step in progress: one thread at a time runs steps.
    private RowBuffer _x, _y, _z;
    private float* _weight;
    private int _layer;
    private RopeKernel _ropeKernel;

    public Ops(ModelSource source, RopeTables rope, NativeArena memory)
    {
        (_config, _kernels, _pool, _rope) = (source.Config, source.Kernels, source.Pool, rope);
        _half = source.Options.KvType == KvType.F16;
        _scratch = memory.TakeFloats(ScratchFloats(_config) * _pool.Count);
        _tasks = new MatMulTask[Math.Max(3, 2 * _config.ExpertCount)];
        (_normRows, _headNormRows, _ropeRows, _rememberRows) = (NormRows, HeadNormRows, RopeRows, RememberRows);
        (_attendHeads, _prepareRows, _gateRows, _addRows) = (AttendHeads, PrepareRows, GateRows, AddRows);
        (_matMulTiles, _gatherSlots, _combineRows) = (MatMulTiles, GatherSlots, CombineRows);
    }

    /// <summary>The rows of the pass in progress.</summary>
    public Batch Batch { get; set; } = null!;

    /// <summary>Bytes that the constructor takes from the arena.</summary>
    public static long ArenaBytes(ModelConfig config, int threads) => ScratchFloats(config) * sizeof(float) * threads;

    /// <summary>x ← the embedding of every row's token.</summary>
    public void Embed(in Matrix table, RowBuffer x)
    {
        for (int row = 0; row < Batch.Count; row++) table.DecodeRow(Batch.Tokens[row], x.Row(row));
    }

    /// <summary>y ← norm(x) · weight, and prepared for matrices.</summary>
    public void RmsNorm(RowBuffer x, float* weight, RowBuffer y)
    {
        (_x, _y) = (x, y);
        _weight = weight;
        _pool.Run(_normRows, Batch.Count, 1);
    }

    /// <summary>x ← norm of every head on its own · weight.</summary>
    public void HeadNorm(RowBuffer x, float* weight)
    {
        _x = x;
        _weight = weight;
        _pool.Run(_headNormRows, Batch.Count, 8);
    }

    /// <summary>Rotates the heads of q and k by their row's position, neighbours or halves together.</summary>
    public void Rope(RowBuffer q, RowBuffer k, RopeOrder order)
    {
        (_x, _y) = (q, k);
        _ropeKernel = order == RopeOrder.Pairs ? _kernels.RopePairs : _kernels.RopeHalves;
        _pool.Run(_ropeRows, Batch.Count, 8);
    }

    /// <summary>Writes keys and values of the rows to their caches.</summary>
    public void Remember(int layer, RowBuffer k, RowBuffer v)
    {
        (_layer, _x, _y) = (layer, k, v);
        _pool.Run(_rememberRows, Batch.Count, 8);
    }

    /// <summary>y ← attention of q over each row's cache up to its own position, and prepared for matrices.</summary>
    public void Attend(int layer, RowBuffer q, RowBuffer y)
    {
        (_layer, _x, _y) = (layer, q, y);
        _pool.Run(_attendHeads, (long)Batch.Count * _config.HeadCountKv, 1);
        Prepare(y, Batch.Count);
    }

    /// <summary>y ← SiLU(gate) · up, and prepared for matrices.</summary>
    public void SwiGlu(RowBuffer gate, RowBuffer up, RowBuffer y) => SwiGlu(gate, up, y, Batch.Count);

    /// <summary>x ← x + y.</summary>
    public void Add(RowBuffer x, RowBuffer y)
    {
        (_x, _y) = (x, y);
        _pool.Run(_addRows, Batch.Count, 8);
    }

    /// <summary>x ← x + bias, the same for every row.</summary>
    public void AddBias(RowBuffer x, float* bias)
    {
        for (int row = 0; row < Batch.Count; row++) _kernels.Add(x.Row(row), bias, x.Width);
    }

    private static long ScratchFloats(ModelConfig config) =>
        (AttentionScalar.ScratchFloats(config.HeadCount / config.HeadCountKv, config.KeyLength) + 15) & ~15L;

    private void SwiGlu(RowBuffer gate, RowBuffer up, RowBuffer y, int rows)
    {
        (_x, _y, _z) = (gate, up, y);
        _pool.Run(_gateRows, rows, 1);
    }

    private void Prepare(RowBuffer x, int rows)
    {
        if (x.Prepared.IsEmpty) return;
        _x = x;
        _pool.Run(_prepareRows, rows, 4);
    }

    private void NormRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
            _kernels.Rms(_x.Row(row), _weight, _y.Row(row), _x.Width, _config.LayerNormRmsEpsilon);
        Quantize(_y, from, to);
    }

    private void HeadNormRows(int worker, long from, long to)
    {
        int headSize = _config.KeyLength;
        float* end = _x.Row((int)to);
        for (float* head = _x.Row((int)from); head < end; head += headSize)
            _kernels.Rms(head, _weight, head, headSize, _config.LayerNormRmsEpsilon);
    }

    private void RopeRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
        {
            float* cos = _rope.Cos + (long)row * _rope.Half;
            float* sin = _rope.Sin + (long)row * _rope.Half;
            _ropeKernel(_x.Row(row), cos, sin, _config.KeyLength, _config.HeadCount);
            _ropeKernel(_y.Row(row), cos, sin, _config.KeyLength, _config.HeadCountKv);
        }
    }

    private void RememberRows(int worker, long from, long to)
    {
        int headSize = _config.KeyLength;
        for (int row = (int)from; row < to; row++)
        {
            SequenceCache cache = Batch.Caches[row];
            long offset = (long)Batch.Positions[row] * cache.RowBytes;
            for (int head = 0; head < _config.HeadCountKv; head++)
            {
                Store(_x.Row(row) + head * headSize, cache.Keys(_layer, head) + offset);
                Store(_y.Row(row) + head * headSize, cache.Values(_layer, head) + offset);
            }
        }
    }

    private void Store(float* values, byte* target)
    {
        int n = _config.KeyLength;
        if (_half) _kernels.ToF16(values, (ushort*)target, n);
        else Buffer.MemoryCopy(values, target, n * sizeof(float), n * sizeof(float));
    }

    private void AttendHeads(int worker, long from, long to)
    {
        int headSize = _config.KeyLength, group = _config.HeadCount / _config.HeadCountKv;
        float scale = 1 / MathF.Sqrt(headSize);
        HeadKernel kernel = _half ? _kernels.HeadF16 : _kernels.HeadF32;
        float* scratch = _scratch + ScratchFloats(_config) * worker;
        for (long item = from; item < to; item++)
        {
            (long row, long head) = Math.DivRem(item, _config.HeadCountKv);
            SequenceCache cache = Batch.Caches[(int)row];
            long at = head * group * headSize;
            kernel(_x.Row((int)row) + at, cache.Keys(_layer, (int)head), cache.Values(_layer, (int)head),
                _y.Row((int)row) + at, headSize, group, Batch.Positions[(int)row] + 1L, scale, scratch);
        }
    }

    private void PrepareRows(int worker, long from, long to) => Quantize(_x, from, to);

    private void GateRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
            _kernels.SwiGlu(_x.Row(row), _y.Row(row), _z.Row(row), _z.Width);
        Quantize(_z, from, to);
    }

    private void AddRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++) _kernels.Add(_x.Row(row), _y.Row(row), _x.Width);
    }

    private void Quantize(RowBuffer x, long from, long to)
    {
        if (!x.Prepared.IsEmpty) _kernels.Prepare(x, (int)from, to - from);
    }
}
