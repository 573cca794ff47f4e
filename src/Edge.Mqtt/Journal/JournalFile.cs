using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Edge.Mqtt.Journal;

/// <summary>An append-only file of records that survives a power cut. One thread at a time.</summary>
/// <remarks>Layout: a header of 16 bytes, then records: length (4 bytes, little endian), checksum (4), body. The
/// checksum is CRC-32C over length and body and starts from the checksum before it, so that a record counts only
/// behind exactly its predecessors. docs/decisions/0020-journal.md says why.</remarks>
internal sealed class JournalFile : IDisposable
{
    public const int HeaderBytes = 16, FrameBytes = 8;
    /// <summary>Of this writer, and the oldest reader that understands what it writes.</summary>
    public const ushort Version = 1, ReaderMin = 1;
    private const ulong Magic = 0x004C4E4A45474445; // "EDGEJNL\0"
    private readonly string _path;
    private readonly Action<string> _syncFolder;
    private SafeFileHandle _file;
    private byte[] _buffer = new byte[64 * 1024];
    private uint _chain;

    private JournalFile(string path, SafeFileHandle file, Action<string> syncFolder) =>
        (_path, _file, _syncFolder) = (path, file, syncFolder);

    /// <summary>Bytes that count; whatever lies behind them is overwritten.</summary>
    public long Length { get; private set; }

    /// <summary>What was unusable at Open: bytes cut off the end.</summary>
    public long CutBytes { get; private set; }

    /// <summary>Records were lost to a failed write or sync: only a rewrite from memory makes the file whole.</summary>
    public bool MustRewrite { get; private set; }

    /// <summary>Opens or makes the file and reads its records. Null: <paramref name="problem"/> says why and what to
    /// do.</summary>
    /// <param name="syncFolder">Makes a rename in the folder durable; throws IOException. Absent: fsync.</param>
    public static JournalFile? TryOpen(
        string path, List<byte[]> records, out string problem, Action<string>? syncFolder = null)
    {
        problem = "";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var journal = new JournalFile(
                path, OpenHandle(path, FileMode.OpenOrCreate), syncFolder ?? FolderSync.Sync);
            problem = journal.ReadAll(records) ?? "";
            if (problem.Length == 0) return journal;
            journal.Dispose();
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            problem = $"the journal {path} cannot be used: {e.Message}; give edge a folder of its own to write in, " +
                "and run one edge per journal";
        }
        return null;
    }

    /// <summary>Appends the records; <see cref="Sync"/> makes them durable. Null, or why not; then none of them
    /// counts.</summary>
    public string? Append(IReadOnlyList<byte[]> bodies)
    {
        uint chain = _chain;
        int bytes = Frame(bodies, 0, ref chain);
        try
        {
            RandomAccess.Write(_file, _buffer.AsSpan(0, bytes), Length);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            Shorten();
            MustRewrite = true;
            return e.Message;
        }
        (_chain, Length) = (chain, Length + bytes);
        return null;
    }

    /// <summary>Returns when the disk has all that was appended. Null, or why that is not known.</summary>
    public string? Sync()
    {
        try
        {
            RandomAccess.FlushToDisk(_file);
            return null;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // The kernel has forgotten which pages failed; a second sync would claim success.
            MustRewrite = true;
            return e.Message;
        }
    }

    /// <summary>Replaces the file by one with only these records: written and synced beside it, then renamed. Null, or
    /// why not; then the old file still counts, or the new one that a power cut may take back: it must be rewritten
    /// before anything is promised.</summary>
    public string? Rewrite(IReadOnlyList<byte[]> bodies)
    {
        string next = _path + ".new";
        SafeFileHandle? file = null;
        try
        {
            file = OpenHandle(next, FileMode.Create);
            WriteHeader(_buffer);
            uint chain = 0;
            int bytes = Frame(bodies, HeaderBytes, ref chain);
            RandomAccess.Write(file, _buffer.AsSpan(0, bytes), 0);
            RandomAccess.FlushToDisk(file);
            File.Move(next, _path, overwrite: true);
            // From here on the old file has no name: what is appended to it would be gone.
            _file.Dispose();
            (_file, file, _chain, Length, MustRewrite) = (file, null, chain, bytes, true);
            if (_buffer.Length > 1 << 20) _buffer = new byte[64 * 1024];
            _syncFolder(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            MustRewrite = false;
            return null;
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            return e.Message;
        }
        finally
        {
            if (file is not null) Discard(file, next);
        }
    }

    public void Dispose() => _file.Dispose();

    // .NET reports a file that may not grow (a limit, FAT's 4 GiB) as an argument out of range.
    private static bool IsOfTheDisk(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    // Not shared: the lock that .NET takes makes a second edge on the same journal fail to open it.
    private static SafeFileHandle OpenHandle(string path, FileMode mode)
    {
        var file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.None);
        // It holds people's words.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private int Frame(IReadOnlyList<byte[]> bodies, int start, ref uint chain)
    {
        long total = start;
        foreach (byte[] body in bodies) total += FrameBytes + body.Length;
        if (_buffer.Length < total)
        {
            byte[] larger = new byte[checked((int)total)];
            _buffer.AsSpan(0, start).CopyTo(larger);
            _buffer = larger;
        }
        int at = start;
        foreach (byte[] body in bodies)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(at), body.Length);
            chain = Checksum(chain, body);
            BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(at + 4), chain);
            body.CopyTo(_buffer, at + FrameBytes);
            at += FrameBytes + body.Length;
        }
        return at;
    }

    // What a failed write left behind must not be read as records later; the chained checksums guard where this fails.
    private void Shorten()
    {
        try { RandomAccess.SetLength(_file, Length); }
        catch (Exception e) when (IsOfTheDisk(e)) { MustRewrite = true; }
    }

    // A full disk must not keep half a file.
    private static void Discard(SafeFileHandle file, string path)
    {
        file.Dispose();
        try { File.Delete(path); }
        catch (Exception e) when (IsOfTheDisk(e)) { }
    }

    private string? ReadAll(List<byte[]> records)
    {
        long length = RandomAccess.GetLength(_file);
        if (length > int.MaxValue)
            return $"the journal {_path} has {length} bytes, which none of ours has; move it away";
        byte[] all = new byte[length];
        for (int read = 0; read < all.Length;)
        {
            int n = RandomAccess.Read(_file, all.AsSpan(read), read);
            if (n == 0) break;
            read += n;
        }
        // A header is written and synced before the file gets its name; only an empty file has none.
        if (length == 0) return Rewrite([]) is { } failed ? $"the journal {_path} cannot be made: {failed}" : null;
        if (CheckHeader(all) is { } wrong) return wrong;
        int at = HeaderBytes;
        while (Next(all, at) is { } body)
        {
            records.Add(body.ToArray());
            at += FrameBytes + body.Length;
        }
        CutBytes = length - at;
        Length = at;
        if (CutBytes > 0) Shorten();
        return null;
    }

    // The record at a place, if it is whole and follows what was read before it.
    private ReadOnlyMemory<byte>? Next(byte[] all, int at)
    {
        if (all.Length - at < FrameBytes) return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(at));
        if (length < 1 || length > all.Length - at - FrameBytes) return null;
        var body = all.AsMemory(at + FrameBytes, length);
        uint chain = Checksum(_chain, body.Span);
        if (chain != BinaryPrimitives.ReadUInt32LittleEndian(all.AsSpan(at + 4))) return null;
        _chain = chain;
        return body;
    }

    private string? CheckHeader(byte[] all)
    {
        if (all.Length < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(all) != Magic
            || Checksum(0, all.AsSpan(0, 12)) != BinaryPrimitives.ReadUInt32LittleEndian(all.AsSpan(12)))
            return $"{_path} is not a journal, or its head is damaged; move it away to start with an empty one";
        ushort readerMin = BinaryPrimitives.ReadUInt16LittleEndian(all.AsSpan(10));
        return readerMin <= Version ? null
            : $"the journal {_path} was written by a newer edge (format " +
                $"{BinaryPrimitives.ReadUInt16LittleEndian(all.AsSpan(8))}); let that version finish its requests, " +
                "or move the file away";
    }

    private static void WriteHeader(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(to[10..], ReaderMin);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Checksum(0, to[..12]));
    }

    private static uint Checksum(uint before, ReadOnlySpan<byte> bytes)
    {
        uint crc = BitOperations.Crc32C(~before, (uint)bytes.Length);
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
