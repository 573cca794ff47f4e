using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Edge.Agent.Service;

/// <summary>Posts metrics to a collector over plain HTTP/1.1: one short connection each time, nothing kept, nothing
/// queued. The HTTP client of the base library would cost more than a megabyte of binary for this.</summary>
internal sealed class OtlpExporter(Uri endpoint, TimeSpan interval, Func<byte[]> body, Action<string> log)
{
    private const int StatusLineBytes = 64;
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
                string? problem = await PostAsync(stopping);
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
    internal async Task<string?> PostAsync(CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Limit);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(endpoint.Host, endpoint.Port, limit.Token);
            byte[] content = body();
            byte[] head = Encoding.ASCII.GetBytes(
                $"POST {endpoint.PathAndQuery} HTTP/1.1\r\nHost: {endpoint.Authority}\r\n"
                + "Content-Type: application/json\r\nConnection: close\r\n"
                + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}\r\n\r\n"));
            var stream = client.GetStream();
            await stream.WriteAsync(head, limit.Token);
            await stream.WriteAsync(content, limit.Token);
            byte[] answer = new byte[StatusLineBytes];
            int read = await stream.ReadAtLeastAsync(answer, 12, throwOnEndOfStream: false, limit.Token);
            string status = Encoding.ASCII.GetString(answer, 0, read).Split('\r')[0];
            return status.StartsWith("HTTP/1.1 2", StringComparison.Ordinal)
                || status.StartsWith("HTTP/1.0 2", StringComparison.Ordinal)
                ? null : $"{endpoint} answered '{status}'";
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return $"{endpoint} did not answer within {Limit.TotalSeconds} s";
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return $"{endpoint}: {e.Message}";
        }
    }
}
