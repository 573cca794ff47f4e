using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Edge.Agent;

/// <summary>How fast this machine reads memory: the roof over decoding, which reads every weight once per
/// token.</summary>
internal static unsafe class MemoryBandwidth
{
    private const nuint BytesPerThread = 128 * 1024 * 1024; // Well beyond any cache that the boards have.
    private const int Repeats = 5;

    /// <summary>Bytes per second, the best of a few sweeps.</summary>
    public static double Measure(int threads)
    {
        var buffer = (byte*)NativeMemory.AlignedAlloc(BytesPerThread * (nuint)threads, 64);
        try
        {
            double best = 0;
            var workers = new Thread[threads];
            for (int repeat = 0; repeat <= Repeats; repeat++)
            {
                // The first sweep touches the pages: until written, they share one page of zeros.
                bool isFirst = repeat == 0;
                long started = Stopwatch.GetTimestamp();
                for (int i = 0; i < threads; i++)
                {
                    byte* part = buffer + BytesPerThread * (nuint)i;
                    workers[i] = new Thread(() =>
                    {
                        if (isFirst) NativeMemory.Fill(part, BytesPerThread, 1);
                        else Sink = Read(part, BytesPerThread);
                    });
                    workers[i].Start();
                }
                foreach (var worker in workers) worker.Join();
                double rate = BytesPerThread * (double)threads / Stopwatch.GetElapsedTime(started).TotalSeconds;
                if (!isFirst) best = Math.Max(best, rate);
            }
            return best;
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    /// <summary>Keeps the compiler from removing the reads.</summary>
    private static ulong Sink { get; set; }

    private static ulong Read(byte* from, nuint bytes)
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
