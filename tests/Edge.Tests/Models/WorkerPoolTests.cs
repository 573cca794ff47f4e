using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

[Collection(AloneCollection.Name)]
public sealed class WorkerPoolTests
{
    private const int Items = 1200, Grain = 10;

    [Fact]
    public void Run_OneSlowWorker_TheOtherTakesTheLargerShare()
    {
        using var pool = new WorkerPool(2);
        var taken = new int[Items];
        var ranges = new int[2];
        pool.Run((worker, from, to) =>
        {
            for (long i = from; i < to; i++) Interlocked.Increment(ref taken[i]);
            int own = Interlocked.Increment(ref ranges[worker]);
            // A core of a fifth of the speed, without a clock: it ends a range when the other has done five more, or
            // all that are left.
            if (worker == 0)
                SpinWait.SpinUntil(() => Volatile.Read(ref ranges[1]) >= Math.Min(5 * own, Items / Grain - own));
            else SpinWait.SpinUntil(() => Volatile.Read(ref ranges[0]) > 0); // the slow one takes part
        }, Items, Grain);
        Assert.All(taken, count => Assert.Equal(1, count));
        Assert.Equal(Items / Grain, ranges[0] + ranges[1]);
        Assert.InRange(ranges[0], 1, Items / Grain / 5);
    }

    [Fact]
    public void Run_ManyLoops_EveryItemOnceWithinTheGrain()
    {
        using var pool = new WorkerPool(3);
        for (int items = 0; items < 60; items++)
        {
            var taken = new int[items];
            int widest = 0;
            pool.Run((_, from, to) =>
            {
                for (long i = from; i < to; i++) Interlocked.Increment(ref taken[i]);
                if (to - from > Volatile.Read(ref widest)) Volatile.Write(ref widest, (int)(to - from));
            }, items, 7);
            Assert.All(taken, count => Assert.Equal(1, count));
            Assert.InRange(widest, 0, 7);
        }
    }

    [Fact]
    public void Active_ChangedBetweenLoops_OnlyThoseTakePartAndNothingIsAllocated()
    {
        using var pool = new WorkerPool(4);
        var ranges = new int[4];
        LoopPart part = (worker, _, _) =>
        {
            Interlocked.Increment(ref ranges[worker]);
            Thread.SpinWait(2000); // long enough for the others to come
        };
        foreach (int active in new[] { 4, 2, 1, 3, 4, 1, 4 })
        {
            pool.Active = active;
            Array.Clear(ranges);
            for (int loop = 0; loop < 20; loop++) pool.Run(part, 400, 4);
            Assert.Equal(active, pool.Active);
            Assert.All(ranges.Skip(active), count => Assert.Equal(0, count));
            // Alone, the caller runs a loop in one piece.
            Assert.Equal(active == 1 ? 20 : 2000, ranges.Sum());
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            pool.Active = 1 + i % 4;
            pool.Run(part, 8, 4);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        pool.Active = 99;
        Assert.Equal(4, pool.Active);
        pool.Active = 0;
        Assert.Equal(1, pool.Active);
    }

    [Fact]
    public void Run_BoundToACpu_EveryWorkerRunsThere()
    {
        if (!OperatingSystem.IsLinux()) return; // elsewhere Load refuses and says so
        string first = Allowed().Split('-', ',')[0];
        var seen = new string[2];
        // On a thread of its own: the pool binds the one that calls it.
        var caller = new Thread(() =>
        {
            using var pool = new WorkerPool(2, CpuList.Parse(first));
            pool.Run((worker, _, _) =>
            {
                seen[worker] = Allowed();
                SpinWait.SpinUntil(() => Volatile.Read(ref seen[1 - worker]) is not null);
            }, 2, 1);
        });
        caller.Start();
        caller.Join();
        Assert.Equal([first, first], seen);
    }

    [Fact]
    public void Refusal_CpuThatTheSystemDenies_IsASentenceAndLeavesTheCallerAlone()
    {
        if (!OperatingSystem.IsLinux()) return; // elsewhere Load refuses and says so
        string before = Allowed();
        Assert.NotEmpty(ThreadAffinity.Refusal(CpuList.Parse("1023"))!);
        Assert.Null(ThreadAffinity.Refusal(CpuList.Parse(before.Split('-', ',')[0])));
        Assert.Equal(before, Allowed());
    }

    private static string Allowed() =>
        File.ReadLines("/proc/thread-self/status")
            .First(l => l.StartsWith("Cpus_allowed_list", StringComparison.Ordinal))
            .Split(':')[1].Trim();
}
