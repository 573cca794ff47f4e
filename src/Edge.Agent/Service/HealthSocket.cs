using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Agent.Service;

/// <summary>What the health socket says: one line of JSON.</summary>
/// <param name="Journal">"ok", "off", or why the last request or result could not be kept safe.</param>
internal sealed record HealthReport(
    string Version, string BootId, bool Ready, bool Online, string Model, double UptimeS, int Queue, int Running,
    long Completed, long Failed, double TokS, long Heartbeat, string Governor,
    string Journal)
{
    /// <summary>Null, or what is wrong: the journal always counts, the rest where it is asked for.</summary>
    public string? WhyUnwell(bool mustBeReady, bool mustBeOnline)
    {
        if (Journal is not ("ok" or "off")) return $"journal: {Journal}";
        if (mustBeReady && !Ready) return "the service takes no requests";
        return mustBeOnline && !Online ? "the service does not reach its broker; its log says why" : null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext;

/// <summary>A unix socket for whoever watches the service on this machine: connect, read one line, done. Nothing is
/// read from it, so there is nothing to send that could do harm.</summary>
internal sealed class HealthSocket : IDisposable
{
    private const int LineBytesMax = 4096;
    private const int WaitingMax = 8;
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(1), AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly Func<HealthReport> _report;
    private readonly PosixSocket _listener;
    private readonly Thread _loop;
    private volatile bool _stopping;

    /// <summary>Errors: UserErrorException naming the path.</summary>
    public HealthSocket(string path, Func<HealthReport> report)
    {
        (_path, _report) = (path, report);
        try
        {
            File.Delete(path); // Of a run that was killed; a socket file cannot be bound twice.
            _listener = PosixSocket.Listen(path, WaitingMax);
            // Owner and group: the verifier is of the group.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
                    | UnixFileMode.GroupWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _listener?.Dispose();
            throw new UserErrorException($"health.socket {path} cannot be made: {e.Message}");
        }
        _loop = new Thread(Serve, 256 << 10) { IsBackground = true, Name = "edge-health" };
        _loop.Start();
    }

    /// <summary>What the service behind the socket says. Errors: UserErrorException naming the path.</summary>
    public static HealthReport Ask(string path)
    {
        try
        {
            using var socket = PosixSocket.Connect(path, AnswerLimit);
            byte[] line = new byte[LineBytesMax];
            int read = 0, more;
            while (read < line.Length && (more = socket.Receive(line.AsSpan(read))) > 0) read += more;
            return JsonSerializer.Deserialize(line.AsSpan(0, read), HealthJson.Default.HealthReport)
                ?? throw new UserErrorException($"the service at {path} says nothing of itself");
        }
        catch (IOException e)
        {
            throw new UserErrorException($"the service does not answer at {path}: {e.Message}; is it running?");
        }
        catch (JsonException)
        {
            throw new UserErrorException($"what the service at {path} says cannot be read; is it of another version?");
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _listener.Shutdown();
        _loop.Join();
        _listener.Dispose();
        File.Delete(_path);
    }

    private void Serve()
    {
        while (!_stopping)
        {
            using var client = _listener.Accept();
            if (client is null) return; // The end; or the system has no descriptors left, which ends us anyway.
            client.SetLimit(SendLimit);
            byte[] line = JsonSerializer.SerializeToUtf8Bytes(_report(), HealthJson.Default.HealthReport);
            client.Send([.. line, (byte)'\n']);
        }
    }
}
