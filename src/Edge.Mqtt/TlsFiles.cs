namespace Edge.Mqtt;

/// <summary>Which certificates stand on disk, by time and size: a change means that they were replaced.</summary>
internal readonly record struct TlsFiles(long Ca, long Certificate, long Key)
{
    public static TlsFiles Of(MqttTls? tls) =>
        new(Stamp(tls?.CaFile), Stamp(tls?.CertificateFile), Stamp(tls?.KeyFile));

    // A file that is missing for a moment has a stamp too, the one of 1601.
    private static long Stamp(string? path)
    {
        if (path is null) return 0;
        var file = new FileInfo(path);
        return HashCode.Combine(file.LastWriteTimeUtc.Ticks, file.Exists ? file.Length : 0);
    }
}
