using Edge.Models.Streaming;

namespace Edge.Models;

/// <summary>
/// The vocabulary in which a Forward is written: each method is one step over all rows of the batch, shared out to the
/// worker pool, on kernels of the chosen set. Attention is in
/// OpsAttention.cs, matrices in OpsMatMul.cs, experts in OpsExperts.cs, what few architectures need in the others.
/// </summary>
internal sealed unsafe partial class Ops
{
    private readonly ModelConfig _config;
    private readonly KernelSet _kernels;
    private readonly WorkerPool _pool;
    private readonly RopeTables _everywhere;
    private readonly bool _half;
    private readonly LayerWindow? _window;
    private readonly ExpertCache? _experts;
    private readonly float* _scratch;
    private readonly LoopPart _normRows, _headNormRows, _ropeRows, _rememberRows, _attendHeads, _prepareRows, _gateRows,
        _addRows, _matMulTiles, _gatherSlots, _gateSlots, _combineRows, _convolveRows, _keepRows;

    // Operands of the step in progress: one thread at a time runs steps.
    private RowBuffer _x, _y, _z;
    private float* _weight;
    private int _layer;
    private RopeTables _rope = null!;
    private RopeKernel _ropeKernel;
    private GateKernel _gateKernel;
    private bool _gateTwice;

    public Ops(ModelSource source, RopeTables rope, NativeArena memory)
    {
        (_config, _kernels, _pool, _everywhere) = (source.Config, source.Kernels, source.Pool, rope);
        _half = source.Options.KvType == KvType.F16;
        _scratch = memory.TakeFloats(ScratchFloats(_config) * _pool.Count);
        _tasks = new MatMulTask[Math.Max(Math.Max(3, 2 * _config.ExpertCount), _config.HeadCount)];
        (_normRows, _headNormRows, _ropeRows, _rememberRows) = (NormRows, HeadNormRows, RopeRows, RememberRows);
        (_attendHeads, _prepareRows, _gateRows, _addRows) = (AttendHeads, PrepareRows, GateRows, AddRows);
        (_matMulTiles, _gatherSlots, _gateSlots, _combineRows) = (MatMulTiles, GatherSlots, GateSlots, CombineRows);
        (_convolveRows, _keepRows) = (ConvolveRows, KeepRows);
        (_window, _experts) = (source.Tensors.Stream?.Window, source.Tensors.Stream?.Experts);
    }

    /// <summary>The rows of the pass in progress.</summary>
    public Batch Batch { get; set; } = null!;

    /// <summary>Bytes that the constructor takes from the arena.</summary>
    public static long ArenaBytes(ModelConfig config, int threads) => ScratchFloats(config) * sizeof(float) * threads;

    /// <summary>A pass begins: nothing is left of one that failed.</summary>
    public void Begin()
    {
        _taskCount = 0;
        _window?.Begin(Batch.WantedCount > 0);
        _experts?.Begin(Batch);
    }

    /// <summary>The pass has run: what streams in goes on with the first unit.</summary>
    public void Leave() => _window?.Leave();

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

    /// <summary>y ← SiLU(gate) · up, and prepared for matrices.</summary>
    public void SwiGlu(RowBuffer gate, RowBuffer up, RowBuffer y) => Gate(_kernels.SwiGlu, gate, up, y);

    /// <summary>x ← x + y.</summary>
    public void Add(RowBuffer x, RowBuffer y)
    {
        (_x, _y) = (x, y);
        _pool.Run(_addRows, Batch.Count, 8);
    }

    /// <summary>x ← x + bias, the same for every row.</summary>
    public void AddBias(RowBuffer x, float* bias)
    {
        if (bias == null) return;
        for (int row = 0; row < Batch.Count; row++) _kernels.Add(x.Row(row), bias, x.Width);
    }

    private void Gate(GateKernel kernel, RowBuffer gate, RowBuffer up, RowBuffer y, bool twice = false)
    {
        (_x, _y, _z, _gateTwice) = (gate, up, y, twice);
        _gateKernel = kernel;
        _pool.Run(_gateRows, Batch.Count, 1);
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

    private void PrepareRows(int worker, long from, long to) => Quantize(_x, from, to);

    private void GateRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
        {
            _gateKernel(_x.Row(row), _y.Row(row), _z.Row(row), _z.Width);
            if (_gateTwice) _gateKernel(_x.Row(row), _z.Row(row), _z.Row(row), _z.Width);
        }
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
