using Microsoft.Win32.SafeHandles;

namespace Edge.Weights;

/// <summary>Opens a weight file for reads of our own: direct where the file system takes it, else buffered.</summary>
public static class StorageFile
{
    /// <summary>What direct reads ask of offset, count and address: a page, which every device's block divides.
    /// </summary>
    public const int Alignment = 4096;

    /// <summary>Errors: IOException, UnauthorizedAccessException from the system.</summary>
    public static IWeightStorage Open(string path)
    {
        SafeFileHandle handle = OpenHandle(path);
        if (FileAdvice.SetDirect(handle)) return new DirectStorage(handle);
        return new BufferedStorage(handle);
    }

    /// <summary>Through the page cache, whatever the file system takes.</summary>
    public static IWeightStorage OpenBuffered(string path) => new BufferedStorage(OpenHandle(path));

    /// <summary>What an open file throws when the system refuses (EIO, EACCES, ESTALE, ECANCELED …): no bug of ours.
    /// </summary>
    internal static bool IsFailure(Exception e) =>
        e is IOException or UnauthorizedAccessException or OperationCanceledException;

    internal static StorageState StateOf(SafeFileHandle handle) =>
        new(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));

    private static SafeFileHandle OpenHandle(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
