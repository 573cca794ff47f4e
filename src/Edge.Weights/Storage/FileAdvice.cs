using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>How the kernel should read an open file; ignored where libc or Linux is absent.</summary>
internal static partial class FileAdvice
{
    public const int Random = 1, DontNeed = 4;
    private const int SetFlags = 4;

    /// <summary>O_DIRECT, whose number depends on the machine; 0: unknown here.</summary>
    private static int DirectFlag => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.X86 => 0x4000,
        Architecture.Arm64 or Architecture.Arm => 0x10000,
        _ => 0,
    };

    /// <summary>Asks that reads go past the page cache; false where the file system cannot.</summary>
    public static bool SetDirect(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux() || DirectFlag == 0) return false;
        try
        {
            return Fcntl(handle, SetFlags, DirectFlag) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Advises about a range; 0 bytes: to the end.</summary>
    public static void Give(SafeFileHandle handle, long offset, long bytes, int advice)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = Fadvise(handle, (nint)offset, (nint)bytes, advice);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Advice only: without it the kernel decides alone.
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(SafeFileHandle handle, int command, int flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Fadvise(SafeFileHandle handle, nint offset, nint bytes, int advice);
}
