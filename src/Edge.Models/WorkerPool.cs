namespace Edge.Models;

/// <summary>
/// A fixed number of threads that share one loop at a time: each takes the next few items until none are left. Which
/// thread runs an item does not change its result, and a thread that the system holds up is not waited for unless it
/// has taken items. Idle threads spin briefly, because the next loop of a pass comes within microseconds, then park.
/// <para>Nothing can throw or block inside a loop: parts are leaf code over native memory, whose bounds were checked
/// when it was bound. The delegates are made once, so that a loop allocates nothing.</para>
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    /// <summary>About 100 µs on the cores that we know.</summary>
    private const int SpinsBeforePark = 2000;
    private const int SpinsBeforeYield = 200;

    private readonly Thread[] _threads;
    private readonly object _gate = new();

    // The loop in progress. Written before _open is set; read after it was seen.
    private LoopPart _part = null!;
    private long _items;
    private long _grain;
    private long _next;

    private int _open;
    private int _active;
    private int _parked;
    private volatile bool _stopping;

    public WorkerPool(int threads)
    {
        Count = threads;
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker), 256 << 10)
            {
                IsBackground = true,
                Name = $"edge worker {worker}",
            };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that run a loop, the caller among them.</summary>
    public int Count { get; }

    /// <summary>Calls part(worker, from, to) over disjoint ranges that make up 0 … items; returns when all are done.
    /// Ranges hold at most <paramref name="grain"/> items; a single range runs on the caller alone.</summary>
    public void Run(LoopPart part, long items, long grain)
    {
        if (items <= grain || _threads.Length == 0)
        {
            if (items > 0) part(0, 0, items);
            return;
        }
        (_part, _items, _grain, _next) = (part, items, grain, 0);
        Interlocked.Exchange(ref _open, 1);
        if (Volatile.Read(ref _parked) > 0)
        {
            lock (_gate) Monitor.PulseAll(_gate);
        }
        TakeItems(0);
        // Closed before the count is read: a worker either is counted or sees that the loop is closed.
        Interlocked.Exchange(ref _open, 0);
        for (int spins = 0; Volatile.Read(ref _active) != 0; spins++)
        {
            if (spins < SpinsBeforeYield) Thread.SpinWait(8);
            else Thread.Yield();
        }
    }

    public void Dispose()
    {
        _stopping = true;
        lock (_gate) Monitor.PulseAll(_gate);
        foreach (Thread thread in _threads) thread.Join();
    }

    private void TakeItems(int worker)
    {
        long items = _items, grain = _grain;
        while (true)
        {
            long from = Interlocked.Add(ref _next, grain) - grain;
            if (from >= items) return;
            _part(worker, from, Math.Min(from + grain, items));
        }
    }

    private void Work(int worker)
    {
        int spins = 0;
        while (!_stopping)
        {
            if (Volatile.Read(ref _open) != 0)
            {
                Interlocked.Increment(ref _active);
                // Asked again after being counted; the loop may have closed between the two.
                if (Volatile.Read(ref _open) != 0) TakeItems(worker);
                Interlocked.Decrement(ref _active);
                spins = 0;
            }
            if (++spins < SpinsBeforePark) Thread.SpinWait(8);
            else
            {
                Park();
                spins = 0;
            }
        }
    }

    private void Park()
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _parked);
            while (Volatile.Read(ref _open) == 0 && !_stopping) Monitor.Wait(_gate);
            Interlocked.Decrement(ref _parked);
        }
    }
}
