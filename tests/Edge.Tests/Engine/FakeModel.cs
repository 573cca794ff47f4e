using Edge.Gguf;
using Edge.Models;

namespace Edge.Tests.Engine;

/// <summary>A cache that remembers its tokens, so that the fake's logits depend on all of them.</summary>
internal sealed class FakeCache(int capacity, FakeModel model) : KvCache
{
    public readonly int[] Tokens = new int[capacity];
    private int _length;
    public override int Capacity => capacity;
    public override int Length => _length;
    public override long Bytes => capacity * sizeof(int);
    public override int Reusable(int length) => length / model.ReusableStep * model.ReusableStep;

    public override void Truncate(int length)
    {
        // Not an assertion of xunit's: those allocate, and a test counts.
        if (length < _length && length != Reusable(length)) throw new ArgumentOutOfRangeException(nameof(length));
        _length = Math.Min(_length, length);
    }

    public void Append(int token) => Tokens[_length++] = token;
    public override void Dispose() { }
}

internal delegate void FakeLogits(FakeCache cache, Span<float> logits);

/// <summary>A deterministic model: logits from a hash of every token in the cache, or a peak where a script says so.
/// A row costs one millisecond of the fake clock, or a call does: a pass that waits for storage.</summary>
internal sealed class FakeModel(int vocabularySize, int contextLength = 256, int batchRowsMax = 32) : Model
{
    private readonly float[] _logits = new float[vocabularySize * batchRowsMax];

    public FakeClock Clock { get; } = new();
    /// <summary>The token that follows; negative: leave it to the hash.</summary>
    public Func<FakeCache, int>? Next { get; set; }
    /// <summary>Writes all logits; null: the hash does.</summary>
    public FakeLogits? Logits { get; set; }
    public Action<int>? BeforeForward { get; set; }
    /// <summary>Above 1: caches return to multiples of it only, like those of a model with a running state.</summary>
    public int ReusableStep { get; set; } = 1;
    public float Poison { get; set; }
    public int MillisecondsPerCall { get; set; }
    public int MillisecondsPerRow { get; set; } = 1;
    public SweepCost? Storage { get; set; }
    public int LargestBatch { get; private set; }
    public long RowsRun { get; private set; }
    public long Calls { get; private set; }

    public override ModelConfig Config { get; } = FakeConfig.Of(vocabularySize, contextLength);
    public override GgufMetadata Metadata => throw new NotSupportedException();
    public override string KernelSetName => "fake";
    public override int Threads => 1;
    public override int ActiveThreads { get; set; } = 1;
    public override int BatchRowsMax => batchRowsMax;
    public override long WeightBytesPerToken => 0;
    public override SweepCost? Sweep => Storage;
    public override long CacheBytes(int contextLength) => contextLength * sizeof(int);
    public override KvCache CreateCache(int contextLength) => new FakeCache(contextLength, this);

    public override ReadOnlySpan<float> Forward(ReadOnlySpan<BatchRow> rows)
    {
        if (rows.Length < 1 || rows.Length > batchRowsMax) throw new ArgumentOutOfRangeException(nameof(rows));
        BeforeForward?.Invoke(rows.Length);
        LargestBatch = Math.Max(LargestBatch, rows.Length);
        RowsRun += rows.Length;
        Calls++;
        Clock.Advance(MillisecondsPerCall + MillisecondsPerRow * rows.Length);
        int wanted = 0;
        foreach (BatchRow row in rows)
        {
            var cache = (FakeCache)row.Cache;
            cache.Append(row.Token);
            if (row.WantsLogits) Fill(cache, _logits.AsSpan(wanted++ * vocabularySize, vocabularySize));
        }
        return _logits.AsSpan(0, wanted * vocabularySize);
    }

    private void Fill(FakeCache cache, Span<float> logits)
    {
        Logits?.Invoke(cache, logits);
        if (Logits is not null) return;
        ulong hash = 14695981039346656037;
        foreach (int token in cache.Tokens.AsSpan(0, cache.Length)) hash = (hash ^ (uint)token) * 1099511628211;
        for (int i = 0; i < logits.Length; i++)
        {
            hash ^= hash << 13;
            hash ^= hash >> 7;
            hash ^= hash << 17;
            logits[i] = (hash >> 40) / (float)(1 << 24) * 4;
        }
        if (Next?.Invoke(cache) is int next and >= 0) logits[next] = 20;
        if (Poison != 0) logits[1] = Poison;
    }

    public override void Dispose() { }
}

/// <summary>Time that moves only when told.</summary>
internal sealed class FakeClock : TimeProvider
{
    private long _milliseconds = 1000;
    public override long TimestampFrequency => 1000;
    public override long GetTimestamp() => Interlocked.Read(ref _milliseconds);
    public void Advance(long milliseconds) => Interlocked.Add(ref _milliseconds, milliseconds);
}
