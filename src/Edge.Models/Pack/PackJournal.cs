using System.Globalization;
using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>What an unfinished packing has done, a line each, beside its part of a file: PATH.part.log. The first line
/// names the job: lines of another one do not count. Nothing in it is believed unseen: tensors are compared with their
/// digests before they are kept.</summary>
internal sealed class PackJournal : IDisposable
{
    private const string Title = "edge-pack-1";
    private readonly string _path;
    private readonly StreamWriter _writer;
    private readonly Dictionary<string, string[]> _lines = new(StringComparer.Ordinal);

    /// <summary>Opens the journal beside <paramref name="part"/>, or begins it anew.</summary>
    public PackJournal(string part, ulong job)
    {
        _path = part + ".log";
        string title = string.Create(CultureInfo.InvariantCulture, $"{Title} {job:x16}");
        if (File.Exists(_path)) Read(title);
        _writer = new StreamWriter(_path, append: _lines.Count > 0);
        if (_lines.Count == 0) _writer.WriteLine(title);
        HasWork = _lines.Count > 0;
        _writer.Flush();
    }

    /// <summary>Errors: IOException for a <paramref name="part"/>, or a journal beside it, that no packing left there:
    /// it would be written over.</summary>
    public static void RequireOurs(string part)
    {
        string log = part + ".log";
        FileFacts? journal = FileFacts.Find(log), left = FileFacts.Find(part);
        const string remedy = "; move or delete it, or give another --out";
        if (journal is { } j && (!j.IsRegular || j.Bytes > 0 && !IsJournal(log)))
            throw new IOException($"{log} is there and is not the log of a packing{remedy}");
        // Empty ones are what a kill leaves between the first calls.
        if (left is { } l && (!l.IsRegular || l.Bytes > 0 && journal is null))
            throw new IOException($"{part} is there and is not what a packing left unfinished: it has no " +
                $"{Path.GetFileName(log)} beside it{remedy}");
    }

    private static bool IsJournal(string log)
    {
        using var reader = new StreamReader(log);
        char[] start = new char[Title.Length];
        return reader.ReadBlock(start) == start.Length && start.AsSpan().SequenceEqual(Title);
    }

    /// <summary>Something is noted that another run may take up.</summary>
    public bool HasWork { get; private set; }

    /// <summary>The values that were noted for a thing; null when it was not reached.</summary>
    public string[]? Find(string what) => _lines.GetValueOrDefault(what);

    /// <summary>Notes a thing (without blanks) that is done. It stands in the file when this returns.</summary>
    public void Add(string what, IEnumerable<string> values)
    {
        // The last word says that the line is whole.
        _writer.WriteLine($"{what} {string.Join(' ', values)} .");
        _writer.Flush();
        HasWork = true;
    }

    /// <summary>The work is done, or not worth going on with.</summary>
    public void Delete()
    {
        _writer.Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _writer.Dispose();

    private void Read(string title)
    {
        string[] lines = File.ReadAllLines(_path);
        if (lines.Length == 0 || lines[0] != title) return;
        foreach (string line in lines.AsSpan(1))
        {
            string[] words = line.Split(' ');
            if (words.Length > 2 && words[^1] == ".") _lines[words[0]] = words[1..^1];
        }
    }
}
