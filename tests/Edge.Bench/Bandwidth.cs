using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Edge.Bench;

/// <summary>How fast this machine reads memory: vectorised sums over a buffer that no cache holds.</summary>
internal static unsafe class Bandwidth
{
    private const long BytesPerThread = 512L << 20;
    private const int Passes = 12;

    public static void Run(Options options)
    {
        int threads = options.Integer("threads", Environment.ProcessorCount);
        Samples rates = Measure(threads, Passes);
        Console.Error.WriteLine($"{threads} threads read {rates.Max:F1} GB/s at best, {rates.Median:F1} in the median");
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("threads", threads);
        json.WriteNumber("gb_per_s_best", rates.Max);
        json.WriteNumber("gb_per_s_median", rates.Median);
        json.WriteNumber("gb_per_s_min", rates.Min);
        json.WriteEndObject();
    }

    /// <summary>GB/s (10⁹) of all threads together, one sample per pass.</summary>
    public static Samples Measure(int threads, int passes)
    {
        var buffers = new nint[threads];
        for (int i = 0; i < threads; i++)
        {
            buffers[i] = (nint)NativeMemory.AlignedAlloc((nuint)BytesPerThread, 4096);
            new Span<byte>((void*)buffers[i], (int)BytesPerThread).Fill(1);
        }
        var rates = new Samples();
        long sink = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            using var ready = new Barrier(threads + 1);
            var workers = new Thread[threads];
            for (int i = 0; i < threads; i++)
            {
                byte* buffer = (byte*)buffers[i];
                workers[i] = new Thread(() =>
                {
                    ready.SignalAndWait();
                    Interlocked.Add(ref sink, Read(buffer, BytesPerThread));
                });
                workers[i].Start();
            }
            ready.SignalAndWait();
            long start = Stopwatch.GetTimestamp();
            foreach (Thread worker in workers) worker.Join();
            rates.Add(threads * BytesPerThread / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }
        foreach (nint buffer in buffers) NativeMemory.AlignedFree((void*)buffer);
        if (sink == 0) throw new InvalidOperationException("the sum of ones cannot be zero");
        return rates;
    }

    private static long Read(byte* buffer, long bytes)
    {
        Vector<long> a = default, b = default, c = default, d = default;
        int step = Vector<byte>.Count;
        for (byte* p = buffer; p < buffer + bytes; p += 4 * step)
        {
            a += *(Vector<long>*)p;
            b += *(Vector<long>*)(p + step);
            c += *(Vector<long>*)(p + 2 * step);
            d += *(Vector<long>*)(p + 3 * step);
        }
        return Vector.Sum(a + b + c + d);
    }
}
