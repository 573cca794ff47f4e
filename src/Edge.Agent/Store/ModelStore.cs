using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Edge.Gguf;

namespace Edge.Agent;

/// <summary>Models that the machine keeps: NAME.gguf with its record NAME.json, in one folder. A file is copied beside
/// and renamed when it is whole, so a reader or a loss of power meets none or all of it; one process changes the folder
/// at a time.</summary>
/// <param name="folder">The store; made when the first model comes.</param>
/// <param name="freeBytes">Room for files in a folder.</param>
internal sealed class ModelStore(string folder, Func<string, long> freeBytes)
{
    /// <summary>Room that a model leaves to the rest of the machine.</summary>
    public const long SpareBytes = 64 << 20;
    public const int ModelsMax = 1000;
    private const int NameMax = 100, BufferBytes = 1 << 20;
    private const string Unfinished = ".new";
    // EWOULDBLOCK of Linux, which .NET hands on from the lock.
    private const int HeldByAnother = 11;

    /// <summary>This user's store. Errors: UserErrorException without a state directory.</summary>
    public static ModelStore Own => new(
        Path.Combine(StateDirectory.Path ?? throw new UserErrorException(
            "there is no state directory; set HOME, XDG_STATE_HOME or STATE_DIRECTORY"), "models"),
        static folder => new DriveInfo(folder).AvailableFreeSpace);

    public string PathOf(string name) => Path.Combine(folder, name + ".gguf");

    /// <summary>In order of name: models with a record, and files that have none (null): unfinished copies too.
    /// </summary>
    public IReadOnlyList<(string Name, ModelRecord? Record)> List()
    {
        if (!Directory.Exists(folder)) return [];
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (name.EndsWith(Unfinished, StringComparison.Ordinal)) name = name[..^Unfinished.Length];
            if (Path.GetExtension(name) is ".gguf" or ".json" && names.Count < ModelsMax)
                names.Add(Path.GetFileNameWithoutExtension(name));
        }
        var found = new List<(string, ModelRecord?)>();
        foreach (string name in names) found.Add((name, ModelRecord.Read(RecordPath(name))));
        return found;
    }

    /// <summary>Copies a model in. Errors: UserErrorException where the file is no model, the name is taken or cannot
    /// be one, the disk lacks room, or the content is not what <paramref name="sha256"/> promises.</summary>
    public ModelRecord Add(
        string path, string? name, string? source, string? license, string? sha256, Action<long, long> progress)
    {
        name ??= ModelFile.NameOf(path);
        RequireName(name);
        GgufFile file = ModelFile.OpenHeader(path);
        Directory.CreateDirectory(folder);
        using FileStream held = Hold();
        if (File.Exists(PathOf(name)) || File.Exists(RecordPath(name)))
            throw new UserErrorException($"{name} is in the store already; 'edge models remove {name}' first, or " +
                "give another --name");
        // What a process left that was stopped while it copied: nobody else is here.
        foreach (string left in Directory.EnumerateFiles(folder, "*" + Unfinished)) File.Delete(left);
        long bytes = FileFacts.LengthOf(path), free = freeBytes(folder);
        if (bytes > free - SpareBytes)
            throw new UserErrorException($"{path} has {bytes >> 20} MiB and {folder} has room for " +
                $"{Math.Max(0, free - SpareBytes) >> 20} MiB; remove a model, or put the state directory on a larger " +
                "disk");
        string beside = PathOf(name) + Unfinished, recordBeside = RecordPath(name) + Unfinished;
        try
        {
            string hash = Copy(path, beside, bytes, progress);
            if (sha256 is not null && !sha256.Equals(hash, StringComparison.OrdinalIgnoreCase))
                throw new UserErrorException($"{path} has the sha256 {hash} and not {sha256}; download it again");
            var record = new ModelRecord(name, bytes, hash, ModelRecord.TextOf(file.Metadata, "general.architecture"),
                license ?? ModelRecord.LicenseOf(file.Metadata), source ?? ModelRecord.SourceOf(file.Metadata),
                Path.GetFullPath(path), DateTimeOffset.UtcNow);
            Save(record, recordBeside);
            // The record first: a record without its file is seen as such, and 'remove' takes it away.
            File.Move(recordBeside, RecordPath(name));
            File.Move(beside, PathOf(name));
            return record;
        }
        catch (Exception e) when (OutputPath.IsTooLarge(e))
        {
            throw new UserErrorException($"{folder} takes no file of {bytes >> 20} MiB: a limit on the size of files " +
                "is reached; lift it (ulimit -f), or put the state directory on another disk");
        }
        finally
        {
            File.Delete(beside);
            File.Delete(recordBeside);
        }
    }

    /// <summary>Errors: UserErrorException where there is none of that name.</summary>
    public void Remove(string name)
    {
        RequireKnown(name);
        using FileStream held = Hold();
        File.Delete(PathOf(name));
        File.Delete(RecordPath(name));
        File.Delete(PathOf(name) + Unfinished);
        File.Delete(RecordPath(name) + Unfinished);
    }

    /// <summary>Reads a model whole: "ok", or what is wrong with it.</summary>
    public string Verify(string name, ModelRecord? record, Action<long, long> progress)
    {
        if (StateOf(name, record) is var state and not "ok") return state;
        return Copy(PathOf(name), null, record!.Bytes, progress) == record.Sha256 ? "ok" : "damaged";
    }

    /// <summary>What can be said without reading the model.</summary>
    public string StateOf(string name, ModelRecord? record)
    {
        if (FileFacts.Find(PathOf(name)) is not { } file) return IsUnfinished(name) ? "unfinished" : "missing";
        if (record is null) return "unrecorded";
        return file.Bytes == record.Bytes ? "ok" : "damaged";
    }

    /// <summary>Errors: UserErrorException where there is none of that name.</summary>
    public void RequireKnown(string name)
    {
        RequireName(name);
        if (File.Exists(PathOf(name)) || File.Exists(RecordPath(name)) || IsUnfinished(name)) return;
        var names = new List<string>();
        foreach (var (there, _) in List()) names.Add(there);
        throw new UserErrorException($"{name} is not in the store {folder}; it " +
            (names.Count == 0 ? "is empty" : $"has {string.Join(", ", names)}"));
    }

    /// <summary>A copy is under way, or was when its process ended.</summary>
    private bool IsUnfinished(string name) =>
        File.Exists(PathOf(name) + Unfinished) || File.Exists(RecordPath(name) + Unfinished);

    private string RecordPath(string name) => Path.Combine(folder, name + ".json");

    private static void RequireName(string name)
    {
        bool good = name.Length is > 0 and <= NameMax && char.IsAsciiLetterOrDigit(name[0]);
        foreach (char c in name) good &= char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
        if (!good)
            throw new UserErrorException($"'{ModelRecord.Plain(name)}' cannot be a model's name: letters, " +
                $"digits, '.', '_' and '-', at most {NameMax}, the first a letter or digit; --name gives another",
                ExitCode.Usage);
    }

    private FileStream Hold()
    {
        try
        {
            return new(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == HeldByAnother)
        {
            throw new UserErrorException($"another edge is changing {folder}; try again when it is done");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{folder} cannot be changed: {Sentence.Of(e)}");
        }
    }

    /// <summary>The sha256 of what was read, copied where <paramref name="to"/> names a file.</summary>
    private static string Copy(string from, string? to, long bytes, Action<long, long> progress)
    {
        using var input = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using FileStream? output = to is null ? null
            : new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BufferBytes];
        long done = 0;
        for (int read; (read = input.Read(buffer, 0, buffer.Length)) > 0;)
        {
            output?.Write(buffer, 0, read);
            hash.AppendData(buffer, 0, read);
            progress(done += read, bytes);
        }
        output?.Flush(flushToDisk: true);
        if (to is not null && done != bytes)
            throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                $"{from} changed while it was copied: {done} bytes and not {bytes}; add it again"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Save(ModelRecord record, string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        using (var writer = new Utf8JsonWriter(file)) record.Write(writer);
        file.Flush(flushToDisk: true);
    }
}
