using System.Net.Sockets;
using System.Text;
using Edge.Agent.Service;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class SystemdSocketTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-notify-{Guid.NewGuid():N}");
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
    {
        ReceiveTimeout = 5000,
    };

    public void Dispose()
    {
        _manager.Dispose();
        File.Delete(_path);
    }

    private static Func<string, string?> Of(params (string Name, string Value)[] variables) =>
        name => variables.FirstOrDefault(v => v.Name == name).Value;

    private string Received()
    {
        var bytes = new byte[1024];
        return Encoding.UTF8.GetString(bytes, 0, _manager.Receive(bytes));
    }

    [Fact]
    public void States_PathAddress_ArriveAsDatagrams()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(_path));
        using var socket = new SystemdSocket(Of(("NOTIFY_SOCKET", _path)));
        socket.Extend(TimeSpan.FromSeconds(90));
        socket.Ready("model a\nand b");
        socket.Alive();
        socket.Stopping();
        Assert.Equal("EXTEND_TIMEOUT_USEC=90000000", Received());
        Assert.Equal("READY=1\nSTATUS=model a and b", Received());
        Assert.Equal("WATCHDOG=1", Received());
        Assert.StartsWith("STOPPING=1\n", Received(), StringComparison.Ordinal);
    }

    [Fact]
    public void Ready_AbstractAddress_Arrives()
    {
        string name = $"edge-notify-{Guid.NewGuid():N}";
        _manager.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
        using var socket = new SystemdSocket(Of(("NOTIFY_SOCKET", $"@{name}")));
        socket.Ready("up");
        Assert.Equal("READY=1\nSTATUS=up", Received());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("vsock:2:1234")]
    [InlineData("/nonexistent/socket")]
    public void States_NoManager_DoNothing(string? address)
    {
        using var socket = new SystemdSocket(name => name == "NOTIFY_SOCKET" ? address : null);
        socket.Ready("up");
        socket.Alive();
    }

    [Theory]
    [InlineData("60000000", null, 30.0)]
    [InlineData("60000000", "self", 30.0)]
    [InlineData("60000000", "1", null)]
    [InlineData("0", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("soon", null, null)]
    [InlineData(null, null, null)]
    public void WatchdogPeriod_IsHalfOfWhatIsGivenToThisProcess(string? usec, string? pid, double? seconds)
    {
        if (pid == "self") pid = $"{Environment.ProcessId}";
        using var socket = new SystemdSocket(
            name => name == "WATCHDOG_USEC" ? usec : name == "WATCHDOG_PID" ? pid : null);
        Assert.Equal(seconds, socket.WatchdogPeriod?.TotalSeconds);
    }
}
