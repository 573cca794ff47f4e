using Edge.Kernels;

namespace Edge.Models;

internal sealed unsafe partial class Ops
{
    /// <summary>Query heads of one kernel call: where more share keys and values, threads share the heads.</summary>
    private const int HeadsPerCall = 8;

    private int _sees;
    private float _cap;
    private float* _sinks;
    private bool _capped;

    private int Group => _config.HeadCount / _config.HeadCountKv;

    /// <summary>Rotates the heads of q and k by their row's position, neighbours or halves together.</summary>
    public void Rope(RowBuffer q, RowBuffer k, RopeOrder order) => Rope(q, k, order, _everywhere);

    /// <summary>As <see cref="Rope(RowBuffer, RowBuffer, RopeOrder)"/>, by a layer's own angles.</summary>
    public void Rope(RowBuffer q, RowBuffer k, RopeOrder order, RopeTables rope)
    {
        (_x, _y, _rope) = (q, k, rope);
        _ropeKernel = order == RopeOrder.Pairs ? _kernels.RopePairs : _kernels.RopeHalves;
        _pool.Run(_ropeRows, Batch.Count, 8);
    }

    /// <summary>Writes keys and values of the rows to their caches.</summary>
    public void Remember(int layer, RowBuffer k, RowBuffer v)
    {
        (_layer, _x, _y) = (layer, k, v);
        _pool.Run(_rememberRows, Batch.Count, 8);
    }

    /// <summary>Latent attention: values are the start of the keys.</summary>
    public void Remember(int layer, RowBuffer k) => Remember(layer, k, k);

    /// <summary>y ← attention of q over each row's cache up to its own position, and prepared for matrices.
    /// <paramref name="window"/>: the last positions that a row sees, its own among them; 0: all.</summary>
    public void Attend(int layer, RowBuffer q, RowBuffer y, int window = 0) =>
        Attend(layer, q, y, window, 0, null, false);

    /// <summary>As <see cref="Attend(int, RowBuffer, RowBuffer, int)"/>, with scores softly capped (0: not) and a sink
    /// for every query head (null: none).</summary>
    public void AttendCapped(int layer, RowBuffer q, RowBuffer y, int window, float cap, float* sinks) =>
        Attend(layer, q, y, window, cap, sinks, true);

    private static long ScratchFloats(ModelConfig config) => (AttentionScalar.ScratchFloats(
        Math.Min(config.HeadCount / config.HeadCountKv, HeadsPerCall), config.KeyLength) + 15) & ~15L;

    private void Attend(int layer, RowBuffer q, RowBuffer y, int window, float cap, float* sinks, bool capped)
    {
        (_layer, _x, _y, _sees) = (layer, q, y, window);
        (_cap, _capped) = (cap, capped);
        _sinks = sinks;
        int calls = (Group + HeadsPerCall - 1) / HeadsPerCall;
        _pool.Run(_attendHeads, (long)Batch.Count * _config.HeadCountKv * calls, 1);
        Prepare(y, Batch.Count);
    }

    private void RopeRows(int worker, long from, long to)
    {
        for (int row = (int)from; row < to; row++)
        {
            float* cos = _rope.Cos + (long)row * _rope.Half, sin = _rope.Sin + (long)row * _rope.Half;
            RotateHeads(_x.Row(row), cos, sin, _config.HeadCount);
            RotateHeads(_y.Row(row), cos, sin, _config.HeadCountKv);
        }
    }

    /// <summary>Where a part of each head rotates, it is the first.</summary>
    private void RotateHeads(float* x, float* cos, float* sin, int heads)
    {
        int size = _config.KeyLength, rotated = 2 * _rope.Half;
        if (rotated == size) _ropeKernel(x, cos, sin, size, heads);
        else
            for (int head = 0; head < heads; head++) _ropeKernel(x + head * size, cos, sin, rotated, 1);
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
                byte* keys = cache.Keys(_layer, head), values = cache.Values(_layer, head);
                Store(_x.Row(row) + head * headSize, keys + offset);
                if (values != keys) Store(_y.Row(row) + head * headSize, values + offset);
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
        int headSize = _config.KeyLength, calls = (Group + HeadsPerCall - 1) / HeadsPerCall;
        float scale = _config.AttentionScale > 0 ? _config.AttentionScale : 1 / MathF.Sqrt(headSize);
        float* scratch = _scratch + ScratchFloats(_config) * worker;
        for (long item = from; item < to; item++)
        {
            (long part, long call) = Math.DivRem(item, calls);
            (long row, long head) = Math.DivRem(part, _config.HeadCountKv);
            SequenceCache cache = Batch.Caches[(int)row];
            int first = (int)(head * Group + call * HeadsPerCall);
            int group = (int)Math.Min(HeadsPerCall, Group - call * HeadsPerCall);
            long length = Batch.Positions[(int)row] + 1L;
            long start = _sees > 0 ? Math.Max(0, length - _sees) : 0;
            byte* keys = cache.Keys(_layer, (int)head) + start * cache.RowBytes;
            byte* values = cache.Values(_layer, (int)head) + start * cache.RowBytes;
            float* q = _x.Row((int)row) + (long)first * headSize, y = _y.Row((int)row) + (long)first * headSize;
            if (_capped)
                (_half ? _kernels.CappedHeadF16 : _kernels.CappedHeadF32)(q, keys, values, y, headSize, group,
                    length - start, scale, _cap, _sinks == null ? null : _sinks + first, scratch);
            else
                (_half ? _kernels.HeadF16 : _kernels.HeadF32)(q, keys, values, y, headSize, group,
                    length - start, scale, scratch);
        }
    }
}
