using System.Runtime.InteropServices;

namespace Edge.Gguf;

/// <summary>What stands behind a path, links followed: model hubs keep their files as links.</summary>
/// <param name="Bytes">Length; 0 of a pipe or a device.</param>
/// <param name="IsRegular">A file of bytes: no folder, device, pipe or socket.</param>
/// <param name="Identity">Equal for all names of one file.</param>
public readonly partial record struct FileFacts(long Bytes, bool IsRegular, bool IsFolder, FileIdentity Identity)
{
    // statx(2): the same numbers and the same layout on every architecture.
    private const int CurrentFolder = -100, BasicFacts = 0x7ff, FactsBytes = 256;
    private const int ModeAt = 28, NodeAt = 32, SizeAt = 40, DeviceAt = 136;
    private const int FormMask = 0xF000, Regular = 0x8000, Folder = 0x4000;

    /// <summary>Null where nothing is, or nothing that this user may look at.</summary>
    public static unsafe FileFacts? Find(string path)
    {
        byte* facts = stackalloc byte[FactsBytes];
        if (statx(CurrentFolder, path, 0, BasicFacts, facts) != 0) return null;
        int form = *(ushort*)(facts + ModeAt) & FormMask;
        return new FileFacts(form == Regular ? *(long*)(facts + SizeAt) : 0, form == Regular, form == Folder,
            new FileIdentity(*(ulong*)(facts + DeviceAt), *(ulong*)(facts + NodeAt)));
    }

    /// <summary>Length of a file: of what a link points at, not of the link. Errors: FileNotFoundException.</summary>
    public static long LengthOf(string path) => Find(path)?.Bytes
        ?? throw new FileNotFoundException($"'{path}' does not exist or cannot be looked at", path);

    /// <summary>Both paths lead to one file, by links or other names.</summary>
    public static bool AreOne(string a, string b) => Find(a) is { } first && first.Identity == Find(b)?.Identity;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, byte* facts);
}

/// <summary>The device and the number of a file on it.</summary>
public readonly record struct FileIdentity(ulong Device, ulong Node);
