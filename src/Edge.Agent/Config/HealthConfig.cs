namespace Edge.Agent.Config;

/// <summary>Where the service says how it is, to the machine itself.</summary>
/// <param name="Socket">Path of a unix socket; absent: health.sock in $RUNTIME_DIRECTORY, and none without
/// that.</param>
internal sealed record HealthConfig(string? Socket = null)
{
    private const int PathBytesMax = 107; // sockaddr_un has 108, with the NUL.

    // A method: the binder would look into a property.
    public string? Path() => Socket
        ?? (Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY") is { Length: > 0 } folder
            ? System.IO.Path.Combine(folder.Split(':')[0], "health.sock") : null);

    public string? Problem() => Path() is { } path && System.Text.Encoding.UTF8.GetByteCount(path) > PathBytesMax
        ? $"health.socket '{path}' is longer than {PathBytesMax} bytes; take a shorter path" : null;
}

/// <summary>OpenTelemetry metrics.</summary>
/// <param name="Endpoint">The collector, such as http://127.0.0.1:4318/v1/metrics; absent: off. Plain HTTP: a collector
/// elsewhere is reached through one on this machine.</param>
internal sealed record OtlpConfig(string? Endpoint = null, double Seconds = 30)
{
    public string? Problem()
    {
        if (Endpoint is not null && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme == "http"))
            return $"otlp.endpoint '{Endpoint}' is not http://HOST:PORT/v1/metrics (TLS is the collector's business)";
        if (Endpoint is not null && Service.OtlpExporter.Address(new Uri(Endpoint)) is null)
            return $"otlp.endpoint '{Endpoint}' names no address; use http://127.0.0.1:4318/v1/metrics or the like";
        return Seconds is >= 1 and <= 3600 ? null : $"otlp.seconds {Seconds} is outside 1 to 3600";
    }
}
