using System.Diagnostics;
using System.Text;

namespace Edge.Fuzz;

/// <summary>Runs one target: a worker thread feeds inputs, the calling thread is the watchdog. Every input follows from
/// the seed number, the seeds and what came before, so a run can be repeated.</summary>
public sealed class FuzzRun(FuzzTarget target, IReadOnlyList<byte[]> seeds, int seed, FuzzLimits limits)
{
    private const int PoolMax = 1024;
    private const int FindingsMax = 20;
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(50);

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _pool = [.. seeds];
    private readonly HashSet<string> _shapes = [];
    private readonly HashSet<string> _findingKeys = [];
    private readonly List<FuzzFinding> _findings = [];
    private readonly Lock _lock = new();
    private volatile bool _stop;
    private byte[] _input = [];
    private long _iteration, _accepted, _refused, _startedTicks;

    /// <summary>Until <paramref name="iterations"/> or <paramref name="duration"/> is reached, or an input hangs. The
    /// seeds themselves come first, unchanged.</summary>
    public FuzzReport Execute(long iterations, TimeSpan duration)
    {
        long residentBase = Environment.WorkingSet;
        var clock = Stopwatch.StartNew();
        using var done = new ManualResetEventSlim();
        var worker = new Thread(() =>
        {
            while (!_stop && Interlocked.Read(ref _iteration) < iterations && clock.Elapsed < duration) RunNext();
            done.Set();
        }) { IsBackground = true, Name = $"fuzz {target.Name}" };
        worker.Start();
        long watched = -1;
        TimeSpan processorAtStart = default;
        while (!done.Wait(WatchEvery))
        {
            long iteration = Interlocked.Read(ref _iteration);
            if (iteration != watched) (watched, processorAtStart) = (iteration, ProcessorTime());
            TimeSpan wall = Stopwatch.GetElapsedTime(Interlocked.Read(ref _startedTicks));
            if (ProcessorTime() - processorAtStart > limits.ProcessorTimeMax || wall > limits.WallTimeMax)
            {
                Add("hang", "hang", $"one input took more than {wall.TotalSeconds:F1} s");
                break;
            }
            if (Grown(residentBase) > limits.ResidentGrowthBytesMax)
            {
                Add("memory", "resident", $"resident memory grew by {Grown(residentBase) >> 20} MiB");
                break;
            }
        }
        _stop = true;
        lock (_lock)
            return new FuzzReport(target.Name, _iteration, _accepted, _refused, _shapes.Count, [.. _findings]);
    }

    private static TimeSpan ProcessorTime() => Environment.CpuUsage.TotalTime;

    private long Grown(long residentBase)
    {
        long grown = Environment.WorkingSet - residentBase;
        if (grown <= limits.ResidentGrowthBytesMax) return grown;
        GC.Collect();
        return Environment.WorkingSet - residentBase;
    }

    private void RunNext()
    {
        lock (_lock) _input = NextInput();
        Interlocked.Exchange(ref _startedTicks, Stopwatch.GetTimestamp());
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        string shape = "accepted";
        try
        {
            target.Run(_input);
            _accepted++;
        }
        catch (Exception e) when (target.Refusals.Contains(e.GetType()))
        {
            _refused++;
            shape = ShapeOf(e.Message);
            if (target.Complaint(e, _input) is { } complaint)
                Add("complaint", complaint + shape, $"{complaint}: {e.Message}");
        }
        catch (Exception e)
        {
            Add("crash", $"{e.GetType()} {e.StackTrace?.Split('\n').FirstOrDefault()}", e.ToString());
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        if (allocated > limits.AllocatedBytesMax)
            Add("memory", "allocated", $"one input allocated {allocated >> 20} MiB");
        if (_shapes.Add(shape) && _pool.Count < PoolMax) _pool.Add(_input);
        Interlocked.Increment(ref _iteration);
    }

    private byte[] NextInput()
    {
        if (_iteration < seeds.Count) return seeds[(int)_iteration];
        if (target.Generate is { } generate && (_pool.Count == 0 || _random.Next(4) == 0)) return generate(_random);
        return _pool.Count == 0 ? Mutator.Mutate(_random, [0], [0])
            : Mutator.Mutate(_random, _pool[_random.Next(_pool.Count)], _pool[_random.Next(_pool.Count)]);
    }

    /// <summary>The message's small letters outside quotes: about one per place in the code that refuses.</summary>
    private static string ShapeOf(string message)
    {
        var shape = new StringBuilder();
        bool quoted = false;
        foreach (char c in message)
        {
            if (c == '\'') quoted = !quoted;
            else if (!quoted && char.IsAsciiLetterLower(c)) shape.Append(c);
        }
        return shape.ToString();
    }

    private void Add(string kind, string key, string what)
    {
        lock (_lock)
            if (_findings.Count < FindingsMax && _findingKeys.Add($"{kind} {key}"))
                _findings.Add(new FuzzFinding(kind, _iteration, _input, what));
    }
}
