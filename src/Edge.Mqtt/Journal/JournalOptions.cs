namespace Edge.Mqtt;

/// <summary>Where accepted requests are kept until they are answered, and how much room that may take.</summary>
/// <param name="Path">The file; beside it stands, for moments, its successor (`Path` + ".new").</param>
/// <param name="BytesMax">The file is rewritten before it grows past this; requests and replies that must be kept may
/// fill half of it.</param>
public sealed record JournalOptions(string Path, long BytesMax = 32 * 1024 * 1024)
{
    /// <summary>Answered requests whose reply is kept for repetitions, at most, and their bytes; never more than a
    /// quarter of BytesMax.</summary>
    public int CachedMax { get; init; } = 1024;
    public long CachedBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Validate()
    {
        if (Path.Length == 0) return "journal.path is empty; name a file on a disk that keeps it over a restart";
        if (BytesMax is < 64 * 1024 or > 1L << 31) return $"journal.bytesMax {BytesMax} is outside 65536 to {1L << 31}";
        if (CachedMax < 0 || CachedBytesMax < 0) return "the reply cache's bounds must not be negative";
        return null;
    }
}
