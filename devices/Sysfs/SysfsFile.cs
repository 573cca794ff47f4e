using System.Globalization;
using System.Text;

namespace Edge.Devices.Sysfs;

/// <summary>Bounded reads of the one-value text files that the kernel shows.</summary>
internal static class SysfsFile
{
    /// <summary>The kernel's attributes are at most a page; the ones read here are a number or a short name.</summary>
    private const int BytesMax = 128;

    /// <summary>The trimmed text, or null when the file cannot be read or is longer than an attribute may be.</summary>
    public static string? ReadText(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            Span<byte> bytes = stackalloc byte[BytesMax + 1];
            int length = RandomAccess.Read(handle, bytes, 0);
            return length > BytesMax ? null : Encoding.UTF8.GetString(bytes[..length]).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The whole number in the file, or null when there is none.</summary>
    public static long? ReadInteger(string path) =>
        long.TryParse(ReadText(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : null;

    /// <summary>The decimal number in the file, or null when there is none.</summary>
    public static double? ReadDecimal(string path) =>
        double.TryParse(ReadText(path), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out double value)
            ? value
            : null;

    /// <summary>The files of a folder whose names match, in ordinal order; none where the folder is not there.
    /// </summary>
    public static IReadOnlyList<string> Files(string folder, string pattern)
    {
        try
        {
            string[] files = Directory.GetFiles(folder, pattern);
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // Went away between listing and reading: as good as not there.
        }
    }

    /// <summary>Where a link points, or null where the path is none.</summary>
    public static string? LinkTarget(string path)
    {
        try
        {
            return new DirectoryInfo(path).LinkTarget?.TrimEnd('/');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Directories below <paramref name="folder"/> whose name is the prefix and a number, in numeric
    /// order.</summary>
    public static IEnumerable<string> Numbered(string folder, string prefix, int max)
    {
        string[] found;
        try
        {
            found = Directory.GetDirectories(folder, prefix + "*");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
        return found
            .Select(path => (path, number: Number(Path.GetFileName(path), prefix)))
            .Where(entry => entry.number >= 0)
            .OrderBy(entry => entry.number)
            .Take(max)
            .Select(entry => entry.path);
    }

    private static int Number(string name, string prefix) =>
        int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1;
}
