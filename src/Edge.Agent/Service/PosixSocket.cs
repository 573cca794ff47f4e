using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Agent.Service;

/// <summary>The few socket calls that health and metrics need. The base library's sockets would add more than a
/// megabyte to the binary. Linux numbers; blocking, with time limits.</summary>
internal sealed unsafe partial class PosixSocket : IDisposable
{
    private const int Unix = 1, Inet = 2, Inet6 = 10, StreamCloseOnExec = 1 | 0x80000;
    private const int SocketLevel = 1, ReceiveTimeout = 20, SendTimeout = 21, NoSignal = 0x4000, Both = 2;
    private const int UnixAddressBytes = 110;

    private int _descriptor;

    private PosixSocket(int descriptor) => _descriptor = descriptor;

    /// <summary>Listens at a path that nobody has. Errors: IOException with the system's sentence.</summary>
    public static PosixSocket Listen(string path, int waitingMax)
    {
        Span<byte> address = stackalloc byte[UnixAddressBytes];
        Fill(address, path);
        var made = Make(Unix);
        fixed (byte* at = address)
            if (Bind(made._descriptor, at, UnixAddressBytes) == 0 && Listen(made._descriptor, waitingMax) == 0)
                return made;
        throw made.Failed();
    }

    /// <summary>Connects to a path; what is sent and received has the limit. Errors: IOException.</summary>
    public static PosixSocket Connect(string path, TimeSpan limit)
    {
        Span<byte> address = stackalloc byte[UnixAddressBytes];
        Fill(address, path);
        var made = Make(Unix);
        made.SetLimit(limit);
        fixed (byte* at = address)
            if (ConnectTo(made._descriptor, at, UnixAddressBytes) == 0) return made;
        throw made.Failed();
    }

    private static void Fill(Span<byte> address, string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > UnixAddressBytes - 3)
            throw new IOException($"{path} is longer than a socket's path may be");
        address.Clear();
        address[0] = Unix;
        Encoding.UTF8.GetBytes(path, address[2..^1]);
    }

    /// <summary>Connects within the limit. Errors: IOException.</summary>
    public static PosixSocket Connect(IPAddress host, int port, TimeSpan limit)
    {
        byte[] bytes = host.GetAddressBytes();
        bool isV6 = bytes.Length == 16;
        Span<byte> address = stackalloc byte[28];
        address.Clear();
        address[0] = (byte)(isV6 ? Inet6 : Inet);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)port);
        bytes.CopyTo(address[(isV6 ? 8 : 4)..]);
        var made = Make(address[0]);
        made.SetLimit(limit);
        fixed (byte* at = address)
            if (ConnectTo(made._descriptor, at, isV6 ? 28u : 16u) == 0) return made;
        throw made.Failed();
    }

    /// <summary>The next connection, or null after <see cref="Shutdown"/>.</summary>
    public PosixSocket? Accept()
    {
        int accepted = Accept(_descriptor, null, null);
        return accepted < 0 ? null : new PosixSocket(accepted);
    }

    public void SetLimit(TimeSpan limit)
    {
        long* seconds = stackalloc long[2];
        (seconds[0], seconds[1]) = ((long)limit.TotalSeconds, limit.Microseconds + limit.Milliseconds * 1000L);
        _ = SetOption(_descriptor, SocketLevel, ReceiveTimeout, seconds, 2 * sizeof(long));
        _ = SetOption(_descriptor, SocketLevel, SendTimeout, seconds, 2 * sizeof(long));
    }

    /// <summary>False: the other side is gone, or too slow.</summary>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint sent;
            fixed (byte* at = bytes) sent = Send(_descriptor, at, (nuint)bytes.Length, NoSignal);
            if (sent <= 0) return false;
            bytes = bytes[(int)sent..];
        }
        return true;
    }

    /// <summary>Bytes that came; 0: the end, or nothing within the limit.</summary>
    public int Receive(Span<byte> into)
    {
        fixed (byte* at = into) return Math.Max(0, (int)Receive(_descriptor, at, (nuint)into.Length, 0));
    }

    /// <summary>Wakes whoever waits in <see cref="Accept()"/>; from any thread.</summary>
    public void Shutdown() => _ = Shutdown(_descriptor, Both);

    public void Dispose()
    {
        if (_descriptor >= 0) _ = Close(_descriptor);
        _descriptor = -1;
    }

    private static PosixSocket Make(int family)
    {
        int descriptor = Socket(family, StreamCloseOnExec, 0);
        return descriptor >= 0 ? new PosixSocket(descriptor) : throw Error();
    }

    private IOException Failed()
    {
        var error = Error();
        Dispose();
        return error;
    }

    private static IOException Error() => new(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, byte* address, uint bytes);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(int descriptor, int waitingMax);

    [LibraryImport("libc", EntryPoint = "accept")]
    private static partial int Accept(int descriptor, byte* address, uint* bytes);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int ConnectTo(int descriptor, byte* address, uint bytes);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetOption(int descriptor, int level, int option, void* value, uint bytes);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(int descriptor, byte* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint Receive(int descriptor, byte* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    private static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
