using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Agent.Service;

/// <summary>What the health socket says: one line of JSON.</summary>
internal sealed record HealthReport(
    string Version, string BootId, bool Ready, bool Online, string Model, double UptimeS, int Queue, int Running,
    long Completed, long Failed, double TokS, long Heartbeat, string Governor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext;

/// <summary>A unix socket for whoever watches the service on this machine: connect, read one line, done. Nothing is
/// read from it, so there is nothing to send that could do harm.</summary>
internal sealed class HealthSocket : IDisposable
{
    private const int WaitingMax = 8;
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Func<HealthReport> _report;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Errors: UserErrorException naming the path.</summary>
    public HealthSocket(string path, Func<HealthReport> report)
    {
        (_path, _report) = (path, report);
        try
        {
            File.Delete(path); // Of a run that was killed; a socket file cannot be bound twice.
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            // Owner and group: the verifier is of the group.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
                    | UnixFileMode.GroupWrite);
            _listener.Listen(WaitingMax);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            _listener.Dispose();
            throw new UserErrorException($"health.socket {path} cannot be made: {e.Message}");
        }
        _loop = Task.Run(RunAsync);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _loop.Wait();
        _stop.Dispose();
        File.Delete(_path);
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptAsync(_stop.Token);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(SendLimit);
                byte[] line =
                    [.. JsonSerializer.SerializeToUtf8Bytes(_report(), HealthJson.Default.HealthReport), (byte)'\n'];
                await client.SendAsync(line, limit.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A watcher that went away, or the end.
            }
        }
    }
}
