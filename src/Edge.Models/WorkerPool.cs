namespace Edge.Models;

/// <summary>
/// A fixed number of threads that share one loop at a time: each has a stretch of it, takes the next few items until
/// none are left there, and then helps with the others' stretches. Which thread runs an item does not change its
/// result, and a thread that the system holds up is not waited for unless it has taken items: fast and slow cores share
/// a loop by the speed they show, without being told apart. That a thread goes on where it stopped keeps it in one
/// stream of memory: every new place costs about a microsecond until weights flow at full speed. Idle threads spin
/// briefly, because the next loop of a pass comes within microseconds, then park.
/// <para>Nothing can throw or block inside a loop: parts are leaf code over native memory, whose bounds were checked
/// when it was bound. The delegates are made once, so that a loop allocates nothing.</para>
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    /// <summary>About 100 µs on the cores that we know.</summary>
    private const int SpinsBeforePark = 2000;
    private const int SpinsBeforeYield = 200;
    /// <summary>Lines come in pairs.</summary>
    private const int LongsApart = 16;

    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private readonly CpuList? _cpus;
    private int _caller;

    // The loop in progress. Written before _open is set; read after it was seen.
    private LoopPart _part = null!;
    private long _items;
    private long _grain;
    private long _ranges;
    private int _sharers;
    /// <summary>The next range of each worker's stretch, in cache lines of their own.</summary>
    private readonly long[] _next;

    /// <summary>Workers with a number below it take part; the others wait on the bench.</summary>
    private int _limit;
    private readonly object _bench = new();

    private int _open;
    private int _active;
    private int _parked;
    private volatile bool _stopping;

    /// <summary>With <paramref name="cpus"/>, the threads run on these CPUs only. So does, from its first loop on and
    /// for good, the thread that calls <see cref="Run"/>: it is the pool's first worker, and binding it anew for
    /// each of the hundreds of loops of a token would cost two system calls each.</summary>
    public WorkerPool(int threads, CpuList? cpus = null)
    {
        (Count, _cpus, _limit) = (threads, cpus, threads);
        _next = new long[(threads + 1) * LongsApart];
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

    /// <summary>How many of the threads take part in loops, 1 to <see cref="Count"/>; the others sleep until they are
    /// wanted again. To be set between loops, by the thread that runs them; allocates nothing.</summary>
    public int Active
    {
        get => _limit;
        set
        {
            int limit = Math.Clamp(value, 1, Count);
            if (limit == _limit) return;
            lock (_bench)
            {
                _limit = limit;
                Monitor.PulseAll(_bench);
            }
        }
    }

    /// <summary>Calls part(worker, from, to) over disjoint ranges that make up 0 … items; returns when all are done.
    /// Ranges hold at most <paramref name="grain"/> items; a single range runs on the caller alone.</summary>
    public void Run(LoopPart part, long items, long grain)
    {
        if (_cpus is not null && _caller != Environment.CurrentManagedThreadId) BindCaller(_cpus);
        if (items <= grain || _limit == 1)
        {
            if (items > 0) part(0, 0, items);
            return;
        }
        (_part, _items, _grain, _sharers) = (part, items, grain, _limit);
        _ranges = (items + grain - 1) / grain;
        for (int i = 0; i < _sharers; i++) _next[(i + 1) * LongsApart] = FirstOf(i);
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
        lock (_bench) Monitor.PulseAll(_bench);
        foreach (Thread thread in _threads) thread.Join();
    }

    private void BindCaller(CpuList cpus)
    {
        ThreadAffinity.Apply(cpus);
        _caller = Environment.CurrentManagedThreadId;
    }

    /// <summary>The first range of a worker's stretch.</summary>
    private long FirstOf(int worker) => _ranges * worker / _sharers;

    private void TakeItems(int worker)
    {
        long items = _items, grain = _grain;
        for (int i = 0; i < _sharers; i++)
        {
            int owner = (worker + i) % _sharers;
            long end = FirstOf(owner + 1);
            ref long next = ref _next[(owner + 1) * LongsApart];
            while (Volatile.Read(ref next) < end)
            {
                long range = Interlocked.Increment(ref next) - 1;
                if (range < end) _part(worker, range * grain, Math.Min((range + 1) * grain, items));
            }
        }
    }

    private void Work(int worker)
    {
        if (_cpus is not null) ThreadAffinity.Apply(_cpus);
        int spins = 0;
        while (!_stopping)
        {
            if (worker >= Volatile.Read(ref _limit)) SitOut(worker);
            if (Volatile.Read(ref _open) != 0)
            {
                Interlocked.Increment(ref _active);
                // Asked again after being counted; the loop may have closed, or the limit changed, between the two.
                if (Volatile.Read(ref _open) != 0 && worker < Volatile.Read(ref _limit)) TakeItems(worker);
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

    // Apart from the parked: a loop wakes those, and must not pay for waking a thread that takes no part.
    private void SitOut(int worker)
    {
        lock (_bench)
        {
            while (worker >= _limit && !_stopping) Monitor.Wait(_bench);
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
