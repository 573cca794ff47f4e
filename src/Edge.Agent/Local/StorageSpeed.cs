using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.Agent;

/// <summary>How fast a file comes from its storage: the roof over models that do not fit into memory.</summary>
internal static unsafe partial class StorageSpeed
{
    public const int ReadBytes = 1 << 20;
    private const long BytesMax = 256L << 20;
    private const int Alignment = 4096;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Bytes per second of direct 1 MiB reads from the file's beginning; null and why where the file system
    /// knows no direct reads, or the file is too small: what comes from the page cache says nothing.</summary>
    public static (double? BytesPerSecond, string? Why) Measure(string path)
    {
        int direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;
        const int readOnlyCloseOnExec = 0x80000;
        int descriptor = Open(path, direct | readOnlyCloseOnExec);
        if (descriptor < 0) return (null, $"{path} cannot be read past the page cache on this file system");
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        var buffer = (byte*)NativeMemory.AlignedAlloc(ReadBytes, Alignment);
        try
        {
            long bytes = 0, started = Stopwatch.GetTimestamp();
            var span = new Span<byte>(buffer, ReadBytes);
            while (bytes < BytesMax && Stopwatch.GetElapsedTime(started) < Limit)
            {
                int read = RandomAccess.Read(file, span, bytes);
                if (read < ReadBytes) break; // The tail is not aligned, and not needed.
                bytes += read;
            }
            return bytes == 0
                ? (null, $"{path} is smaller than {ReadBytes} bytes; name a larger file")
                : (bytes / Stopwatch.GetElapsedTime(started).TotalSeconds, null);
        }
        catch (IOException e)
        {
            return (null, e.Message);
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
