using System.Runtime.InteropServices;

namespace Edge.Agent;

/// <summary>A limit on the size of files (ulimit -f, LimitFSIZE=) ends a process by a signal. Ignored, the write that
/// goes too far is an error like that of a full disk, and says so.</summary>
internal static partial class FileSizeLimit
{
    // Linux, arm64 and x64; PosixSignalRegistration refuses this one.
    private const int FileSizeExceeded = 25, Ignore = 1;

    public static void MakeAnError() => signal(FileSizeExceeded, Ignore);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
