using System.Runtime.InteropServices;

namespace Edge.Mqtt.Journal;

/// <summary>What .NET does not offer for folders.</summary>
internal static partial class FolderSync
{
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>O_RDONLY | O_DIRECTORY | O_CLOEXEC; O_DIRECTORY differs by architecture.</summary>
    private static int ReadOnlyDirectory => (s_arm ? 0x4000 : 0x10000) | 0x80000;

    /// <summary>A rename is durable only when its folder is. Errors: IOException naming the folder.</summary>
    public static void Sync(string folder)
    {
        int fd = open(folder, ReadOnlyDirectory);
        if (fd < 0) throw new IOException($"{folder} cannot be opened to sync it");
        int failed = fsync(fd);
        _ = close(fd);
        if (failed != 0) throw new IOException($"{folder} cannot be synced");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int fsync(int fd);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
