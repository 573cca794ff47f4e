using Edge.Weights;

namespace Edge.Tests.Weights;

/// <summary>A file whose reads go wrong in the ways that storage has. Delays come from a seed, so that reads land in
/// another order each run of a test asks for.</summary>
internal sealed unsafe class FaultyStorage(string path, int seed = 0) : IWeightStorage
{
    private readonly IWeightStorage _file = StorageFile.OpenBuffered(path);
    private readonly Random _random = new(seed);
    private StorageState? _state;
    private long _reads;

    /// <summary>Microseconds that a read takes longer, at most.</summary>
    public int DelayMicrosMax { get; init; }
    /// <summary>Hears every read's number, offset and count before it happens; what it throws, the read
    /// throws.</summary>
    public Action<long, long, int>? OnRead { get; set; }
    /// <summary>Changes what a read (number, offset, bytes, count) gave; returns the count.</summary>
    public Func<long, long, nint, int, int>? Change { get; set; }

    public string Name => "faulty";
    public long Reads => Interlocked.Read(ref _reads);
    /// <summary>What it throws, asking for the state throws.</summary>
    public Action? OnState { get; set; }

    public StorageState State
    {
        get
        {
            OnState?.Invoke();
            return _state ?? _file.State;
        }
        set => _state = value;
    }

    public int Read(long offset, byte* to, int bytes)
    {
        long number = Interlocked.Increment(ref _reads);
        int delay;
        lock (_random) delay = _random.Next(DelayMicrosMax + 1);
        if (delay > 0) Thread.Sleep(TimeSpan.FromMicroseconds(delay));
        OnRead?.Invoke(number, offset, bytes);
        int got = _file.Read(offset, to, bytes);
        return Change?.Invoke(number, offset, (nint)to, got) ?? got;
    }

    public void Dispose() => _file.Dispose();
}
