using System.Globalization;
using System.Net;
using System.Text;

namespace Edge.Agent.Service;

/// <summary>Posts metrics to a collector over plain HTTP/1.1: one short connection each time, nothing kept, nothing
/// queued. The HTTP client of the base library would cost megabytes of binary for this.</summary>
internal sealed class OtlpExporter(Uri endpoint, TimeSpan interval, Func<byte[]> body, Action<string> log)
{
    private const int StatusLineBytes = 16;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private string? _told;

    /// <summary>Exports until told to stop. A collector that is away is told once, and again when it answered in
    /// between.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                string? problem = await PostAsync();
                if (problem is not null && problem != _told) log($"metrics are not exported: {problem}");
                _told = problem;
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    /// <summary>Null when the collector took the metrics, else why not.</summary>
    internal Task<string?> PostAsync() => Task.Run(Post);

    private string? Post()
    {
        try
        {
            var address = Address(endpoint) ?? throw new IOException("its host is not an address");
            using var socket = PosixSocket.Connect(address, endpoint.Port, Limit);
            byte[] content = body();
            byte[] head = Encoding.ASCII.GetBytes(
                $"POST {endpoint.PathAndQuery} HTTP/1.1\r\nHost: {endpoint.Authority}\r\n"
                + "Content-Type: application/json\r\nConnection: close\r\n"
                + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}\r\n\r\n"));
            if (!socket.Send(head) || !socket.Send(content)) return $"{endpoint} took no request";
            byte[] answer = new byte[StatusLineBytes];
            int read = 0, more;
            while (read < answer.Length && (more = socket.Receive(answer.AsSpan(read))) > 0) read += more;
            if (read == 0) return $"{endpoint} did not answer within {Limit.TotalSeconds} s";
            string status = Encoding.ASCII.GetString(answer, 0, read).Split('\r')[0];
            return status.StartsWith("HTTP/1.1 2", StringComparison.Ordinal)
                || status.StartsWith("HTTP/1.0 2", StringComparison.Ordinal)
                ? null : $"{endpoint} answered '{status}'";
        }
        catch (IOException e)
        {
            return $"{endpoint}: {e.Message}";
        }
    }

    /// <summary>An address as it stands in the URL; names are not looked up, but for localhost.</summary>
    public static IPAddress? Address(Uri uri) =>
        uri.Host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(uri.Host, out var address) ? address : null;
}
