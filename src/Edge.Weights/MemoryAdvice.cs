using System.Runtime.InteropServices;

namespace Edge.Weights;

/// <summary>Advice to the kernel about a range of memory; it may be ignored, and is where libc or Linux is
/// absent.</summary>
public static unsafe partial class MemoryAdvice
{
    /// <summary>The range leaves the resident set; a mapped page comes back from its file when touched again.</summary>
    public const int DontNeed = 4;
    /// <summary>Where the kernel can place large pages (x64, and arm64 with its usual 4 KiB pages).</summary>
    public const int HugePageBytes = 2 << 20;
    /// <summary>Large pages for the range: fewer faults while it fills, fewer address translations while it is used.
    /// </summary>
    public const int HugePage = 14;

    /// <summary>Advises about the whole pages inside the range (never a page that holds a neighbour's bytes).</summary>
    public static void Inside(byte* address, long bytes, int advice)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint from = ((nuint)address + page - 1) / page * page, to = ((nuint)address + (nuint)bytes) / page * page;
        if (from < to) Give(from, to - from, advice);
    }

    private static void Give(nuint address, nuint bytes, int advice)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Madvise(address, bytes, advice);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Advice only: without it the kernel decides alone.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nuint address, nuint length, int advice);
}
