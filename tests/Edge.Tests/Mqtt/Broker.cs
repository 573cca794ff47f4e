using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Edge.Tests.Mqtt;

/// <summary>A real mosquitto on a free loopback port, with its own configuration in a temporary folder; ended by its
/// process id.</summary>
public sealed class Broker : IDisposable
{
    /// <summary>How long anything may take that must come; a machine that is loaded needs it, a good run never does.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private const int PortsFrom = 20000, Ports = 12000;
    private static int s_ports = Environment.ProcessId * 97 % Ports;
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-broker-").FullName;
    private readonly string _extra;
    private Process? _process;

    public Broker() : this("") { }

    internal Broker(string extra, bool start = true, Func<string, string>? listener = null, bool persistent = false,
        bool quiet = false)
    {
        Port = FreePort();
        _extra = extra;
        File.WriteAllText(Path.Combine(_folder, "mosquitto.conf"),
            (listener?.Invoke(_folder) ?? $"listener {Port} 127.0.0.1\nallow_anonymous true\n").Replace("{port}",
                $"{Port}") +
            $"user {Environment.UserName}\n" +
            (persistent ? $"persistence true\npersistence_location {_folder}/\n" : "") +
            $"log_dest file {_folder}/log\nlog_type {(quiet ? "error" : "all")}\n" +
            $"max_queued_messages 10000\nset_tcp_nodelay true\n{_extra}\n");
        try
        {
            if (start) Start();
        }
        catch
        {
            Dispose(); // Nobody else can: there is no object.
            throw;
        }
    }

    public int Port { get; }
    public string Folder => _folder;
    /// <summary>The broker's log so far; written line by line, to a file, because to a pipe it would be
    /// buffered.</summary>
    public string Log
    {
        get
        {
            string path = Path.Combine(_folder, "log");
            if (!File.Exists(path)) return "";
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    public void Start()
    {
        string program = File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
        _process = Process.Start(program, ["-c", Path.Combine(_folder, "mosquitto.conf")]);
        var clock = Stopwatch.StartNew();
        while (!CanConnect())
        {
            if (_process.HasExited || clock.Elapsed > Limit)
                throw new InvalidOperationException("mosquitto did not start (is the package installed?): " + Log);
            Thread.Sleep(5);
        }
    }

    public int Id => _process!.Id;

    /// <summary>Ends it; a gentle end lets it save what it keeps.</summary>
    public void Stop(bool gently = false)
    {
        if (_process is null) return;
        if (gently) Assert.Equal(0, EndToEnd.AgentProcess.Kill(_process.Id, 15));
        else if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Ends when the log contains the text so many times; fails the test after the limit.</summary>
    public async Task Logged(string text, int times = 1)
    {
        var clock = Stopwatch.StartNew();
        while (Log.Split(text).Length <= times)
        {
            Assert.True(clock.Elapsed < Limit, $"the broker never logged '{text}':\n{Log}");
            // A loop without a pause takes the time of those whom it waits for.
            await Task.Delay(10);
        }
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(_folder, true);
    }

    private bool CanConnect()
    {
        try
        {
            using var probe = new TcpClient();
            probe.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException) { return false; }
    }

    /// <summary>A port that nobody listens on, outside the range from which the system gives ports to outgoing
    /// connections: those of other tests must not take it before a broker does, or while one is stopped.</summary>
    public static int FreePort()
    {
        while (true)
        {
            int port = PortsFrom + Interlocked.Increment(ref s_ports) % Ports;
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException) { }
        }
    }
}
