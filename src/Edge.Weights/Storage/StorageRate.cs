using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Edge.Weights;

/// <summary>How fast storage gives a file to the reader's lanes.</summary>
public static unsafe class StorageRate
{
    private const int PieceBytes = 1 << 20;
    private const long BytesMax = 96L << 20;
    private static readonly TimeSpan TimeMax = TimeSpan.FromMilliseconds(400);

    /// <summary>Bytes per second; 0 for a file that is too small to tell. Where reads are buffered, memory that already
    /// holds the file answers faster than the device. Errors: IOException from the system.</summary>
    public static double Measure(string path)
    {
        using IWeightStorage storage = StorageFile.Open(path);
        long pieces = Math.Min(BytesMax, storage.State.Bytes) / PieceBytes, next = 0, done = 0;
        if (pieces < 8) return 0;
        byte* buffers = (byte*)NativeMemory.AlignedAlloc(Residency.Lanes * PieceBytes, StorageFile.Alignment);
        try
        {
            long started = Stopwatch.GetTimestamp();
            Exception? failure = null;
            var lanes = new Thread[Residency.Lanes];
            for (int i = 0; i < lanes.Length; i++)
            {
                byte* buffer = buffers + (long)i * PieceBytes;
                lanes[i] = new Thread(() =>
                {
                    try
                    {
                        while (Interlocked.Increment(ref next) - 1 is var piece && piece < pieces
                            && Stopwatch.GetElapsedTime(started) < TimeMax)
                            Interlocked.Add(ref done, storage.Read(piece * PieceBytes, buffer, PieceBytes));
                    }
                    catch (Exception e) when (StorageFile.IsFailure(e))
                    {
                        failure = e;
                    }
                });
                lanes[i].Start();
            }
            foreach (Thread lane in lanes) lane.Join();
            if (failure is not null) throw new IOException($"reading {path} failed: {failure.Message}", failure);
            return done / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            NativeMemory.AlignedFree(buffers);
        }
    }
}
