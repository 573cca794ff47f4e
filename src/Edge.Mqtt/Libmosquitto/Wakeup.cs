using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Edge.Mqtt.Libmosquitto;

/// <summary>An eventfd: any thread signals, the transport's thread finds it readable in poll.</summary>
internal sealed unsafe class Wakeup : IDisposable
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    private readonly Lock _gate = new();
    private int _fd;

    public Wakeup()
    {
        _fd = Native.eventfd(0, NonBlocking | CloseOnExec);
        if (_fd < 0) throw new Win32Exception(Marshal.GetLastPInvokeError(),
            "eventfd failed; raise the limit of open files");
    }

    public int Fd => _fd;

    public void Signal()
    {
        ulong one = 1;
        lock (_gate)
            if (_fd >= 0) _ = Native.write(_fd, &one, sizeof(ulong));
    }

    public void Clear()
    {
        ulong count;
        _ = Native.read(_fd, &count, sizeof(ulong));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_fd >= 0) _ = Native.close(_fd);
            _fd = -1;
        }
    }
}
