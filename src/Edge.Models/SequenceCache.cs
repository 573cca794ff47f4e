namespace Edge.Models;

/// <summary>
/// The cache of one sequence for a model's shape.
/// <para>Layout: keys, then values, each [attending layer][kv head][position][head size]: attention reads one head's
/// positions as one stream. With latent attention values are the start of the keys and have no memory. Layers that
/// convolve have a <see cref="ConvolutionState"/> instead.</para>
/// </summary>
internal sealed unsafe class SequenceCache : KvCache
{
    private readonly NativeArena _memory;
    private readonly long _headBytes;
    private readonly long _layerBytes;
    private readonly byte* _keys;
    private readonly byte* _values;
    /// <summary>Number of the layer among its kind.</summary>
    private readonly int[] _place;
    private int _length;
    private bool _disposed;

    public SequenceCache(object owner, ModelConfig config, KvType type, int capacity, int rowsMax)
    {
        Owner = owner;
        Capacity = capacity;
        RowBytes = config.KeyLength * ValueBytes(type);
        _headBytes = (long)RowBytes * capacity;
        _layerBytes = checked(_headBytes * config.HeadCountKv);
        _place = new int[config.LayerCount];
        int attending = 0, convolving = 0;
        for (int l = 0; l < _place.Length; l++) _place[l] = config.IsConvolution(l) ? convolving++ : attending++;
        Bytes = BytesOf(config, type, capacity, rowsMax);
        _memory = new NativeArena(Bytes);
        long bytes = checked(_layerBytes * attending);
        _keys = _memory.Take(bytes);
        _values = config.KvLoraRank > 0 ? _keys : _memory.Take(bytes);
        if (convolving > 0) Convolution = new ConvolutionState(config, convolving, capacity, rowsMax, _memory);
    }

    /// <summary>The model that made it: another model's shape would read past the end.</summary>
    public object Owner { get; }
    public override int Capacity { get; }
    public override int Length => _length;
    public override long Bytes { get; }
    public int RowBytes { get; }
    /// <summary>Null: no layer convolves.</summary>
    public ConvolutionState? Convolution { get; }

    /// <summary>Bytes that a cache takes when all its positions are filled.</summary>
    public static long BytesOf(ModelConfig config, KvType type, int capacity, int rowsMax)
    {
        int convolving = config.ConvolutionLayers.Count(convolves => convolves);
        long row = (long)config.KvLength * ValueBytes(type) * (config.KvLoraRank > 0 ? 1 : 2);
        long bytes = checked(row * capacity * (config.LayerCount - convolving));
        return convolving == 0
            ? bytes : bytes + ConvolutionState.BytesOf(config, convolving, capacity, rowsMax);
    }

    /// <summary>What one more position costs, for plans.</summary>
    public static long BytesPerToken(ModelConfig config, KvType type) =>
        BytesOf(config, type, ConvolutionState.Interval, 0) / ConvolutionState.Interval;

    public byte* Keys(int layer, int head) => _keys + _place[layer] * _layerBytes + head * _headBytes;
    public byte* Values(int layer, int head) => _values + _place[layer] * _layerBytes + head * _headBytes;

    /// <summary>What the layer convolved at a position: one of the last ones.</summary>
    public float* Convolved(int layer, int position) => Convolution!.Row(_place[layer], position);

    /// <summary>The layer's row of that position is written: keeps it for later truncation where it is
    /// needed.</summary>
    public void KeepConvolved(int layer, int position) => Convolution!.Keep(_place[layer], position);

    public override int Reusable(int length) => Convolution?.Reusable(length) ?? length;

    public override void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
        if (length < _length) Convolution?.Restore(length);
        _length = length;
    }

    /// <summary>Appends a position (its bytes are written during the pass); returns its number.</summary>
    public int Append()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_length == Capacity)
            throw new InvalidOperationException($"the cache is full ({Capacity} positions)");
        Convolution?.Append(_length);
        return _length++;
    }

    public override void Dispose()
    {
        _disposed = true;
        _memory.Dispose();
    }

    private static int ValueBytes(KvType type) => type == KvType.F16 ? sizeof(ushort) : sizeof(float);
}
