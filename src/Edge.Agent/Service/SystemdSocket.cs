using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Edge.Agent.Service;

/// <summary>The service manager's notification socket: one datagram per state, after sd_notify(3). Without
/// $NOTIFY_SOCKET every call does nothing.</summary>
internal sealed class SystemdSocket : IDisposable
{
    private readonly Socket? _socket;

    /// <param name="environment">Where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are looked up.</param>
    /// <remarks>A socket that cannot be reached is as good as none: the manager's timeout says so.</remarks>
    public SystemdSocket(Func<string, string?> environment)
    {
        WatchdogPeriod = Watchdog(environment, Environment.ProcessId);
        // A leading '@' is how an environment spells the NUL of an abstract address.
        if (environment("NOTIFY_SOCKET") is not { Length: > 1 } address || address[0] is not ('/' or '@')) return;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(address[0] == '@' ? $"\0{address[1..]}" : address));
            _socket = socket;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
        }
    }

    /// <summary>Half of what the manager allows between two signs of life; null when it does not watch.</summary>
    public TimeSpan? WatchdogPeriod { get; }

    /// <summary>The configuration is valid and the model is loaded and warm.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={Line(status)}");

    public void Stopping() => Send("STOPPING=1\nSTATUS=finishing accepted requests");

    /// <summary>The start takes longer: the manager waits that much from now on.</summary>
    public void Extend(TimeSpan by) => Send(FormattableString.Invariant(
        $"EXTEND_TIMEOUT_USEC={(long)by.TotalMicroseconds}"));

    public void Alive() => Send("WATCHDOG=1");

    public void Dispose() => _socket?.Dispose();

    private void Send(string state)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException)
        {
            // The manager restarts, or its queue is full: the next sign of life follows.
        }
    }

    private static TimeSpan? Watchdog(Func<string, string?> environment, int processId)
    {
        if (!long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long usec)
            || usec <= 0)
            return null;
        // Set for another process of the service: not for us.
        bool ours = environment("WATCHDOG_PID") is not { Length: > 0 } pid
            || pid == processId.ToString(CultureInfo.InvariantCulture);
        return ours ? TimeSpan.FromMicroseconds(usec / 2.0) : null;
    }

    private static string Line(string text) => text.ReplaceLineEndings(" ");
}
