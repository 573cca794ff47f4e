namespace Edge.Models;

/// <summary>
/// The cache of one sequence for a model's shape.
/// <para>Layout: keys, then values, each [layer][kv head][position][head size]: attention reads one head's positions as
/// one stream.</para>
/// </summary>
internal sealed unsafe class SequenceCache : KvCache
{
    private readonly NativeArena _memory;
    private readonly long _headBytes;
    private readonly long _layerBytes;
    private readonly byte* _keys;
    private readonly byte* _values;
    private int _length;
    private bool _disposed;

    public SequenceCache(object owner, ModelConfig config, KvType type, int capacity)
    {
        Owner = owner;
        Capacity = capacity;
        RowBytes = config.KeyLength * (type == KvType.F16 ? sizeof(ushort) : sizeof(float));
        _headBytes = (long)RowBytes * capacity;
        _layerBytes = checked(_headBytes * config.HeadCountKv);
        long bytes = checked(_layerBytes * config.LayerCount);
        _memory = new NativeArena(checked(2 * bytes));
        _keys = _memory.Take(bytes);
        _values = _memory.Take(bytes);
    }

    /// <summary>The model that made it: another model's shape would read past the end.</summary>
    public object Owner { get; }
    public override int Capacity { get; }
    public override int Length => _length;
    public int RowBytes { get; }

    public byte* Keys(int layer, int head) => _keys + layer * _layerBytes + head * _headBytes;
    public byte* Values(int layer, int head) => _values + layer * _layerBytes + head * _headBytes;

    public override void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
        _length = length;
    }

    /// <summary>Appends a position (its bytes are written during the pass); returns its number.</summary>
    public int Append()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_length == Capacity)
            throw new InvalidOperationException($"the cache is full ({Capacity} positions)");
        return _length++;
    }

    public override void Dispose()
    {
        _disposed = true;
        _memory.Dispose();
    }
}
