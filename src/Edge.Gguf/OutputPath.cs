using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Gguf;

/// <summary>Where a file is written that replaces what stands there whole.</summary>
public static unsafe partial class OutputPath
{
    private const int LinksMax = 40, PathBytesMax = 4096;

    /// <summary>The absolute path of the file that a path leads to: a link stays, and its target is replaced, on the
    /// target's disk. Errors: IOException where something stands there that is no regular file, which a rename would
    /// take away, or where links lead nowhere.</summary>
    public static string Resolve(string path)
    {
        string at = Path.GetFullPath(path);
        if (FileFacts.Find(at) is { IsRegular: false } other)
            throw new IOException($"{path} is " + (other.IsFolder ? "a directory" : "a device, a pipe or a socket") +
                ", which a file does not replace; name another file");
        for (int links = 0; links < LinksMax; links++)
        {
            if (new FileInfo(at).LinkTarget is not { } target) return at;
            string joined = Path.Join(Path.IsPathRooted(target) ? "" : Real(path, Path.GetDirectoryName(at)!), target);
            at = Path.Join(Real(path, Path.GetDirectoryName(joined)!), Path.GetFileName(joined));
        }
        throw new IOException($"{path} is a link that leads in a circle; name a file");
    }

    /// <summary>The system's refusal of a longer file: a limit of the process (ulimit -f) or of the file system, which
    /// .NET reports as a fault of an argument.</summary>
    public static bool IsTooLarge(Exception e) => e is ArgumentOutOfRangeException
        && e.Message.StartsWith("Specified file length was too large", StringComparison.Ordinal);

    /// <summary>The folder without links: ".." behind one means another folder than its text says.</summary>
    private static string Real(string path, string folder)
    {
        byte* real = stackalloc byte[PathBytesMax];
        return realpath(folder, real) != 0
            ? Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(real))
            : throw new IOException($"{path} is a link into {folder}, which does not exist or cannot be entered; " +
                "make it, or name another file");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint realpath(string path, byte* resolved);
}
