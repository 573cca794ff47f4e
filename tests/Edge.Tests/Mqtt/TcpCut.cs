using System.Net;
using System.Net.Sockets;

namespace Edge.Tests.Mqtt;

/// <summary>A TCP relay in front of a broker whose connections a test can cut without any MQTT farewell.</summary>
public sealed class TcpCut : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly List<Socket> _open = [];

    public TcpCut(int target)
    {
        _target = target;
        _listener.Start();
        _ = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What the broker sends is swallowed: a link that is dead in one direction.</summary>
    public bool Mute { get; set; }

    public void Cut()
    {
        lock (_open)
        {
            foreach (var socket in _open)
            {
                try
                {
                    socket.LingerState = new(true, 0);
                }
                catch (ObjectDisposedException)
                {
                    // A relay that ended by itself has closed its sockets.
                }
                socket.Close();
            }
            _open.Clear();
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        Cut();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var inner = await _listener.AcceptTcpClientAsync();
                var outer = new TcpClient();
                await outer.ConnectAsync(IPAddress.Loopback, _target);
                lock (_open) _open.AddRange([inner.Client, outer.Client]);
                _ = Relay(inner, outer, false);
                _ = Relay(outer, inner, true);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException) { }
    }

    private async Task Relay(TcpClient from, TcpClient to, bool canBeMuted)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var bytes)
                if (!(canBeMuted && Mute)) await to.GetStream().WriteAsync(buffer.AsMemory(0, bytes));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException) { }
        from.Close();
        to.Close();
    }
}
