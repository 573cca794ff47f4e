using System.Diagnostics;
using System.Threading.Channels;

namespace Edge.Mqtt.MqttNet;

/// <summary>The transport on MQTTnet 5.2 and later, without native code. One task connects, again and again; each
/// connection is a <see cref="Connection"/> of its own, so that nothing of an old one reaches a new one.</summary>
public sealed class MqttNetTransport : IMqttTransport
{
    private readonly MqttOptions _options;
    private readonly MqttEvents _events;
    private readonly Outbox _outbox;
    private readonly Backoff _backoff;
    // One note is enough: who reads it looks at everything.
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _callbacks = new();
    private Task _loop = Task.CompletedTask;
    private Connection? _connection;
    private MqttMessage? _farewell;
    private long _stopAt = long.MaxValue;
    private int _started, _stopped, _callbackThread;
    private volatile bool _online;
    private bool _farewellDone;
    private long _received, _oversized, _published, _dropped, _connects, _faults, _passes;

    /// <summary>Errors: ArgumentException for options that cannot work.</summary>
    public MqttNetTransport(MqttOptions options, MqttEvents events)
    {
        if (options.Validate() is { } wrong) throw new ArgumentException(wrong, nameof(options));
        (_options, _events) = (options, events);
        _outbox = new(options.OutboxMessagesMax, options.OutboxBytesMax);
        _backoff = new(options.ReconnectMin, options.ReconnectMax, Random.Shared);
    }

    public bool IsOnline => _online;
    internal MqttOptions Options => _options;
    internal bool SubscribedOnce { get; private set; }
    internal bool IsStopping => _stopping.IsCancellationRequested;
    internal ChannelReader<bool> Work => _work.Reader;

    public MqttCounters Counters => new(
        Volatile.Read(ref _received), Volatile.Read(ref _oversized), Volatile.Read(ref _published),
        Volatile.Read(ref _dropped), Volatile.Read(ref _connects), Volatile.Read(ref _faults), _outbox.Count,
        Volatile.Read(ref _connection)?.InFlight ?? 0, Volatile.Read(ref _passes));

    public void Start()
    {
        if (Interlocked.Exchange(ref _started, 1) != 0) throw new InvalidOperationException("a transport starts once");
        _loop = Task.Run(RunAsync);
    }

    public bool TryPublish(MqttMessage message)
    {
        if (TopicName.WhyInvalid(message.Topic) is not null) return Drop(message, MqttDropReason.InvalidTopic);
        if (message.Qos == 0 && !_online) return Drop(message, MqttDropReason.Offline);
        bool added = _outbox.TryAdd(message, out var displaced);
        foreach (var old in displaced) Drop(old, MqttDropReason.OutboxFull);
        if (!added) return Drop(message, MqttDropReason.OutboxFull);
        _work.Writer.TryWrite(true);
        return true;
    }

    public bool Stop(MqttMessage? farewell, TimeSpan limit)
    {
        if (Volatile.Read(ref _started) == 0 || _callbackThread == Environment.CurrentManagedThreadId) return false;
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            _farewell = farewell;
            Volatile.Write(ref _stopAt, Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency));
            _stopping.Cancel();
            _work.Writer.TryWrite(true);
        }
        return _loop.Wait(limit + TimeSpan.FromSeconds(1)) && _farewellDone;
    }

    public void Dispose()
    {
        Stop(null, TimeSpan.FromSeconds(2));
        if (_loop.IsCompleted) _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            string lost = "closed";
            var connection = new Connection(this);
            Volatile.Write(ref _connection, connection);
            try
            {
                lost = await connection.ServeAsync(_stopping.Token);
            }
            catch (Exception e) // boundary: whatever MQTTnet throws, the next attempt comes
            {
                lost = e.InnerException?.Message ?? e.Message;
            }
            bool wasOnline = _online;
            _online = false;
            if (IsStopping && wasOnline) _farewellDone = await connection.LeaveAsync(_farewell, Left());
            connection.Dispose();
            foreach (var message in connection.TakeUnsent()) _outbox.PutBack(message);
            foreach (var old in _outbox.TakeDroppable()) Drop(old, MqttDropReason.Offline);
            if (wasOnline) Callback(() => _events.OnOffline(lost));
            if (IsStopping) return;
            TimeSpan delay = _backoff.Next();
            Log(MqttLogLevel.Warning, $"mqtt: no connection to {_options.Host}:{_options.Port} ({lost}); " +
                $"next attempt in {delay.TotalSeconds:0.0} s");
            await Task.WhenAny(Task.Delay(delay, _stopping.Token));
        }
    }

    private TimeSpan Left() => TimeSpan.FromSeconds(Math.Max(0,
        (Volatile.Read(ref _stopAt) - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency));

    internal void NotePass() => Interlocked.Increment(ref _passes);

    internal void NoteConnected() => Interlocked.Increment(ref _connects);

    internal void GoOnline()
    {
        SubscribedOnce = _online = true;
        _backoff.Reset();
        Callback(_events.OnOnline);
    }

    /// <summary>The owner's part of one message. False: it must not be acknowledged.</summary>
    internal bool Receive(MqttMessage message)
    {
        Interlocked.Increment(ref _received);
        if (message.IsOversized) Interlocked.Increment(ref _oversized);
        Callback(() => _events.OnMessage(message));
        return Callback(_events.BeforeAcknowledge);
    }

    internal MqttMessage? TakeWaiting(bool mayStartQos1) => _outbox.Take(mayStartQos1);
    internal int Waiting => _outbox.Count;

    internal void NotePublished(MqttMessage message)
    {
        Interlocked.Increment(ref _published);
        if (message.Ticket != 0) Callback(() => _events.OnAcknowledged(message));
        _work.Writer.TryWrite(true);
    }

    internal bool Drop(MqttMessage message, MqttDropReason reason)
    {
        Interlocked.Increment(ref _dropped);
        Callback(() => _events.OnDropped(message, reason));
        return false;
    }

    internal void Log(MqttLogLevel level, string text) => Callback(() => _events.OnLog(level, text));

    // One at a time, as from one thread; a callback may publish, and so come here again.
    private bool Callback(Action action)
    {
        lock (_callbacks)
        {
            int outer = _callbackThread;
            _callbackThread = Environment.CurrentManagedThreadId;
            try
            {
                action();
                return true;
            }
            catch (Exception e) // boundary: MQTTnet called
            {
                Interlocked.Increment(ref _faults);
                _events.OnLog(MqttLogLevel.Error, $"mqtt: a handler failed, its message is given up: {e}");
                return false;
            }
            finally
            {
                _callbackThread = outer;
            }
        }
    }
}
