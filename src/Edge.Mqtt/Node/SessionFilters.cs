using System.Text;

namespace Edge.Mqtt;

/// <summary>Remembers, in a file, what the session on the broker may be subscribed to, so that a later run takes back
/// what it does not want any more. One filter a line.</summary>
internal sealed class SessionFilters(string? path, Action<string> log)
{
    private const int BytesMax = 256 * 1024, FiltersMax = 1024;

    /// <summary>What an earlier run has written; nothing where there is no file, or none that can be read.</summary>
    public IReadOnlyList<string> Read()
    {
        try
        {
            if (path is null || !File.Exists(path) || new FileInfo(path).Length > BytesMax) return [];
            var filters = new List<string>();
            foreach (string line in File.ReadLines(path))
                if (TopicFilter.WhyInvalid(line) is null && filters.Count < FiltersMax) filters.Add(line);
            return filters;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"{path} cannot be read: {e.Message}; what an earlier configuration subscribed to may still come");
            return [];
        }
    }

    /// <summary>Replaces what is remembered.</summary>
    public void Write(IReadOnlyList<string> filters)
    {
        if (path is null) return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(path + ".new", string.Concat(filters.Select(filter => filter + "\n")), Encoding.UTF8);
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"{path} cannot be written: {e.Message}; a later configuration will not know what to unsubscribe");
        }
    }
}
