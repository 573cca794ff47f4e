using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Edge.Models;

/// <summary>How fast this machine reads memory: the roof over decoding, which reads every weight once per
/// token.</summary>
public static unsafe class MemoryBandwidth
{
    /// <summary>Well beyond any cache.</summary>
    public const long BytesPerThreadDefault = 128L << 20;
    /// <summary>Beyond the caches of the boards that have little memory.</summary>
    private const long BytesPerThreadMin = 4L << 20;

    /// <summary>Bytes per second, the best of a few sweeps. Takes at most an eighth of the memory that there is, and no
    /// more threads than cores.</summary>
    public static double Best(int threads)
    {
        threads = Math.Min(threads, Environment.ProcessorCount);
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        double best = 0;
        foreach (double rate in Sweeps(threads, 5, BytesPerThread(threads, memory))) best = Math.Max(best, rate);
        return best;
    }

    internal static long BytesPerThread(int threads, long memory) =>
        Math.Clamp(memory / 8 / threads, BytesPerThreadMin, BytesPerThreadDefault) / 4096 * 4096;

    /// <summary>Bytes per second of all threads together, one figure per sweep over memory that was written
    /// before.</summary>
    public static IReadOnlyList<double> Sweeps(
        int threads, int sweeps, long bytesPerThread = BytesPerThreadDefault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytesPerThread % 128, 0);
        // In large pages, as weights are: the roof must not be lower than what stands under it.
        using var memory = new NativeArena(bytesPerThread * threads, large: true);
        byte* buffer = memory.Take(bytesPerThread * threads);
        var rates = new double[sweeps];
        // The first sweep writes: until then, the pages share one page of zeros.
        for (int sweep = -1; sweep < sweeps; sweep++)
        {
            double rate = Sweep(buffer, bytesPerThread, threads, writes: sweep < 0);
            if (sweep >= 0) rates[sweep] = rate;
        }
        return rates;
    }

    /// <summary>Keeps the compiler from removing the reads.</summary>
    private static ulong Sink { get; set; }

    private static double Sweep(byte* buffer, long bytesPerThread, int threads, bool writes)
    {
        // Threads that start one after another would measure their own start.
        using var ready = new Barrier(threads + 1);
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            byte* part = buffer + bytesPerThread * i;
            workers[i] = new Thread(() =>
            {
                ready.SignalAndWait();
                if (writes) NativeMemory.Fill(part, (nuint)bytesPerThread, 1);
                else Sink = Read(part, bytesPerThread);
            });
            workers[i].Start();
        }
        ready.SignalAndWait();
        long started = Stopwatch.GetTimestamp();
        foreach (var worker in workers) worker.Join();
        return bytesPerThread * (double)threads / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static ulong Read(byte* from, long bytes)
    {
        Vector256<ulong> a = default, b = default, c = default, d = default;
        for (byte* end = from + bytes; from < end; from += 128)
        {
            a ^= Vector256.Load((ulong*)from);
            b ^= Vector256.Load((ulong*)(from + 32));
            c ^= Vector256.Load((ulong*)(from + 64));
            d ^= Vector256.Load((ulong*)(from + 96));
        }
        return Vector256.Sum(a ^ b ^ c ^ d);
    }
}
