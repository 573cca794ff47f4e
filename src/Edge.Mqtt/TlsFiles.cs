namespace Edge.Mqtt;

/// <summary>Which certificates stand on disk, by time and size: a change means that they were replaced.</summary>
internal readonly record struct TlsFiles(long Ca, long Certificate, long Key)
{
    public static TlsFiles Of(MqttTls? tls) =>
        new(Stamp(tls?.CaFile), Stamp(tls?.CertificateFile), Stamp(tls?.KeyFile));

    /// <summary>The first file that cannot be read, or all of them where each can: for a message.</summary>
    public static string Suspect(MqttTls tls)
    {
        (string Key, string? Path)[] files =
            [("caFile", tls.CaFile), ("certificateFile", tls.CertificateFile), ("keyFile", tls.KeyFile)];
        string all = "";
        foreach (var (key, path) in files)
        {
            if (path is null) continue;
            all += (all.Length > 0 ? ", " : "") + $"mqtt.{key} {path}";
            try
            {
                File.OpenRead(path).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"mqtt.{key} {path} ({e.Message})";
            }
        }
        return all;
    }

    // A file that is missing for a moment has a stamp too, the one of 1601.
    private static long Stamp(string? path)
    {
        if (path is null) return 0;
        // Certificates are often links, of which either end may be replaced.
        FileInfo link = new(path), file = Target(link) ?? link;
        return HashCode.Combine(link.LastWriteTimeUtc.Ticks, file.LastWriteTimeUtc.Ticks,
            file.Exists ? file.Length : 0);
    }

    /// <summary>Null for what is no link, or one that leads in a circle.</summary>
    private static FileInfo? Target(FileInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
