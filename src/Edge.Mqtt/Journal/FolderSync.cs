using System.Runtime.InteropServices;

namespace Edge.Mqtt.Journal;

/// <summary>What .NET does not offer for folders.</summary>
internal static partial class FolderSync
{
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>O_RDONLY | O_DIRECTORY | O_CLOEXEC; O_DIRECTORY differs by architecture.</summary>
    public static int ReadOnlyDirectory => (s_arm ? 0x4000 : 0x10000) | 0x80000;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc")]
    public static partial int fsync(int fd);

    [LibraryImport("libc")]
    public static partial int close(int fd);
}
