using System.Diagnostics;

namespace Edge.Mqtt.Libmosquitto;

/// <summary>The transport on libmosquitto.so.1 (2.0.11 and later). One thread owns the library's handle and does
/// everything with it; the others only put messages into the outbox.</summary>
public sealed partial class MosquittoTransport : IMqttTransport
{
    private const int PollMs = 1000, BriefsToTell = 3;
    private static readonly TimeSpan s_certificateLook = TimeSpan.FromSeconds(2);
    private readonly MqttOptions _options;
    private readonly MqttEvents _events;
    private readonly Outbox _outbox;
    private readonly Wakeup _wakeup = new();
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private readonly Dictionary<int, MqttMessage> _inFlight = [];
    private readonly HashSet<int> _pendingSubscriptions = [];
    private readonly Backoff _backoff;
    private volatile bool _online;
    private bool _subscribedOnce;
    private string? _lost;
    private long _packetBytesMax, _onlineAt;
    private int _briefs;
    private MqttMessage? _farewell;
    private bool _drained, _farewellSent, _farewellDone;
    private int _farewellMid = -1;
    private MosquittoClient _client = null!;
    private long _stopAt = long.MaxValue;
    private int _started, _stopped, _inFlightCount;
    private long _received, _oversized, _published, _dropped, _connects, _faults, _passes;

    /// <summary>Errors: ArgumentException for options that cannot work; DllNotFoundException when libmosquitto1 is
    /// not installed.</summary>
    public MosquittoTransport(MqttOptions options, MqttEvents events)
    {
        if (options.Validate() is { } wrong) throw new ArgumentException(wrong, nameof(options));
        MosquittoLibrary.Load();
        (_options, _events) = (options, events);
        _outbox = new(options.OutboxMessagesMax, options.OutboxBytesMax);
        _backoff = new(options.ReconnectMin, options.ReconnectMax, Random.Shared);
        _thread = new(Run) { IsBackground = true, Name = "edge-mqtt" };
    }

    public bool IsOnline => _online;

    public MqttCounters Counters => new(
        Volatile.Read(ref _received), Volatile.Read(ref _oversized), Volatile.Read(ref _published),
        Volatile.Read(ref _dropped), Volatile.Read(ref _connects), Volatile.Read(ref _faults), _outbox.Count,
            Volatile.Read(ref _inFlightCount), Volatile.Read(ref _passes));

    public void Start()
    {
        if (Interlocked.Exchange(ref _started, 1) != 0) throw new InvalidOperationException("a transport starts once");
        _thread.Start();
    }

    public bool TryPublish(MqttMessage message)
    {
        if (TopicName.WhyInvalid(message.Topic) is not null) return Drop(message, MqttDropReason.InvalidTopic);
        if (message.Qos == 0 && !_online) return Drop(message, MqttDropReason.Offline);
        bool added = _outbox.TryAdd(message, out var displaced);
        foreach (var old in displaced) Drop(old, MqttDropReason.OutboxFull);
        if (!added) return Drop(message, MqttDropReason.OutboxFull);
        _wakeup.Signal();
        return true;
    }

    public bool Stop(MqttMessage? farewell, TimeSpan limit)
    {
        if (Volatile.Read(ref _started) == 0 || Thread.CurrentThread == _thread) return false;
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            _farewell = farewell;
            Volatile.Write(ref _stopAt, Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency));
            _stopping.Set();
            _wakeup.Signal();
        }
        // A connect that the kernel still tries cannot be interrupted; the thread is a background one and ends with
        // the process.
        return _thread.Join(limit + TimeSpan.FromSeconds(1)) && _farewellDone;
    }

    public void Dispose()
    {
        Stop(null, TimeSpan.FromSeconds(2));
        if (_thread.IsAlive) return;
        _wakeup.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        while (!_stopping.IsSet && RunClient()) TakeBackInFlight();
    }

    // One client for as long as its certificates are the ones on disk. False: it cannot be made, or it is time to stop.
    private bool RunClient()
    {
        var files = TlsFiles.Of(_options.Tls);
        using var client = new MosquittoClient(_options)
        {
            Connected = OnConnected, Lost = OnLost, Message = OnMessage, Published = OnPublished,
            Subscribed = OnSubscribed, Unsubscribed = OnUnsubscribed, Log = _events.OnLog, Fault = OnFault,
        };
        _client = client;
        if (client.Open() is { } refused)
        {
            // Files that are half replaced are whole in a moment, and those that are not yet there come.
            var pause = _backoff.Next();
            _events.OnLog(
                MqttLogLevel.Error, $"mqtt: {refused}; next attempt in {pause.TotalSeconds:0.0} s");
            return !_stopping.Wait(pause);
        }
        while (!_stopping.IsSet)
        {
            _lost = null;
            bool rotated = false;
            if (client.Connect() is { } error) _lost = error;
            else rotated = !Serve(client, files);
            bool wasOnline = _online;
            _online = false;
            foreach (var old in _outbox.TakeDroppable()) Drop(old, MqttDropReason.Offline);
            if (wasOnline) JudgeLink();
            if (wasOnline) Guard(() => _events.OnOffline(_lost ?? "disconnected"));
            if (_stopping.IsSet) break;
            if (rotated || TlsFiles.Of(_options.Tls) != files) return true;
            TimeSpan delay = _backoff.Next();
            _events.OnLog(MqttLogLevel.Warning, $"mqtt: no connection to {_options.Host}:{_options.Port} " +
                $"({_lost ?? "closed"}); next attempt in {delay.TotalSeconds:0.0} s");
            _stopping.Wait(delay);
        }
        return false;
    }

    // A client that is gone takes its messages with it; the next one sends them, perhaps for the second time.
    private void TakeBackInFlight()
    {
        foreach (var message in _inFlight.Values.Reverse()) _outbox.PutBack(message);
        _inFlight.Clear();
        Volatile.Write(ref _inFlightCount, 0);
    }

    // Until the connection is gone: wait, read (callbacks run here), send what waits, write (PUBACKs leave here),
    // keep alive. False: the certificates on disk are new ones.
    private unsafe bool Serve(MosquittoClient client, TlsFiles files)
    {
        bool leaving = false;
        long looked = Stopwatch.GetTimestamp();
        var fds = stackalloc PollFd[2];
        while (client.Socket is >= 0 and var socket)
        {
            Interlocked.Increment(ref _passes);
            fds[0] = new() { Fd = socket, Events = (short)(Native.PollIn | (client.WantsWrite ? Native.PollOut : 0)) };
            fds[1] = new() { Fd = _wakeup.Fd, Events = Native.PollIn };
            _ = Native.poll(fds, 2, _stopping.IsSet ? 50 : PollMs);
            if (fds[1].Returned != 0) _wakeup.Clear();
            if (IsReadable(fds[0]) && !ReadGroup(client, fds)) return true;
            if (_lost is not null && !leaving)
            {
                // Refused by the broker (CONNACK or SUBACK) while the socket is still open.
                leaving = true;
                _ = client.Disconnect();
            }
            if (_online && !leaving) Pump(client);
            if (_stopping.IsSet && !leaving) leaving = StopStep(client);
            if (client.WantsWrite && client.Write() != Native.Success) return true;
            if (client.KeepAlive() != Native.Success) return true;
            if (leaving && Stopwatch.GetTimestamp() > Volatile.Read(ref _stopAt)) return true;
            if (_options.Tls is null || Stopwatch.GetElapsedTime(looked) < s_certificateLook) continue;
            looked = Stopwatch.GetTimestamp();
            if (leaving || TlsFiles.Of(_options.Tls) == files) continue;
            _lost = "the certificates were replaced";
            _ = client.Disconnect();
            _ = client.Write();
            return false;
        }
        return true;
    }

    private static bool IsReadable(PollFd fd) =>
        (fd.Returned & (Native.PollIn | Native.PollError | Native.PollHangUp)) != 0;

    // What has arrived by now is read as one group, so that one sync of the owner's journal serves all of it. False:
    // the link is gone; the group was still taken, and comes again.
    private unsafe bool ReadGroup(MosquittoClient client, PollFd* socket)
    {
        long received = _received;
        int rc = client.Read();
        for (int i = 1; rc == Native.Success && i < _options.ReceiveMaximum; i++)
        {
            socket->Returned = 0;
            if (Native.poll(socket, 1, 0) <= 0 || !IsReadable(*socket)) break;
            rc = client.Read();
        }
        // A fault there must not be acknowledged: the link ends, and the messages come again.
        return (received == _received || Guard(_events.BeforeAcknowledge)) && rc == Native.Success;
    }

    private void Pump(MosquittoClient client)
    {
        while (_outbox.Take(_inFlight.Count < _options.InFlightMax) is { } message)
            if (!Send(client, message, out _)) return;
    }

    // False: the message went back, the link is gone.
    private bool Send(MosquittoClient client, MqttMessage message, out int mid)
    {
        int rc = client.Publish(message, out mid);
        switch (rc)
        {
            case Native.Success:
                if (message.Qos > 0) _inFlight[mid] = message;
                else Interlocked.Increment(ref _published);
                Volatile.Write(ref _inFlightCount, _inFlight.Count);
                return true;
            case Native.NoConnection or Native.ConnectionLost or Native.Errno:
                _outbox.PutBack(message);
                return false;
            case Native.OversizePacket:
                Drop(message with { PacketBytesMax = _packetBytesMax }, MqttDropReason.TooLargeForBroker);
                return true;
            default:
                _events.OnLog(MqttLogLevel.Error,
                    $"mqtt: cannot publish to {message.Topic}: {MosquittoLibrary.ErrorText(rc)}");
                Drop(message, MqttDropReason.InvalidTopic);
                return true;
        }
    }

    // True once DISCONNECT is queued. What waits goes first, until half a second before the end; then the farewell;
    // then its PUBACK.
    private bool StopStep(MosquittoClient client)
    {
        long now = Stopwatch.GetTimestamp(), at = Volatile.Read(ref _stopAt);
        bool late = now >= at;
        if (_online && !late)
        {
            _drained |= (_outbox.Count == 0 && _inFlight.Count == 0) || at - now < Stopwatch.Frequency / 2;
            if (!_drained) return false;
            if (_farewell is { } farewell && !_farewellSent)
            {
                _farewellSent = Send(client, farewell, out _farewellMid);
                return false;
            }
            if (_farewellSent && _inFlight.ContainsKey(_farewellMid)) return false;
        }
        _farewellDone = _farewellSent && !_inFlight.ContainsKey(_farewellMid);
        // Nobody was told that we leave: then the will tells it.
        _ = client.Disconnect(withWill: _options.Will is not null && !_farewellDone);
        return true;
    }
}
