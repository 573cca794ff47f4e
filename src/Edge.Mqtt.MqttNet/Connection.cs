using System.Diagnostics;
using System.Security.Cryptography;
using MQTTnet;

namespace Edge.Mqtt.MqttNet;

/// <summary>One connection from CONNECT to its end. What it has under way is its own: an acknowledgement that comes
/// late cannot be taken for one of the next connection.</summary>
internal sealed class Connection : IDisposable
{
    private static readonly TimeSpan s_certificateLook = TimeSpan.FromSeconds(2);
    private readonly MqttNetTransport _owner;
    private readonly MqttOptions _options;
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, MqttMessage> _inFlight = [];
    private readonly SemaphoreSlim _mayHandle = new(1);
    private long _next;
    private uint _packetBytesMax = uint.MaxValue;

    public Connection(MqttNetTransport owner)
    {
        (_owner, _options) = (owner, owner.Options);
        _client.ApplicationMessageReceivedAsync += OnMessageAsync;
        _client.DisconnectedAsync += e =>
        {
            _lost.TrySetResult(e.ReasonString ?? e.Exception?.Message ?? $"{e.Reason}");
            return Task.CompletedTask;
        };
    }

    public int InFlight { get { lock (_gate) return _inFlight.Count; } }

    /// <summary>Connects, subscribes, sends what waits; ends with the reason when the link does or the owner
    /// stops.</summary>
    public async Task<string> ServeAsync(CancellationToken stopping)
    {
        var files = TlsFiles.Of(_options.Tls);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(TimeSpan.FromSeconds(_options.KeepAliveSeconds));
        MqttClientOptions settings;
        try
        {
            settings = ClientSettings.Of(_options);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return $"it refuses {TlsFiles.Suspect(_options.Tls!)}: {e.Message}";
        }
        var connected = await _client.ConnectAsync(settings, limit.Token);
        if (connected.ResultCode != MqttClientConnectResultCode.Success)
            return $"the broker refused the connection: {connected.ResultCode}";
        if (connected.MaximumPacketSize > 0) _packetBytesMax = connected.MaximumPacketSize.Value;
        _owner.NoteConnected();
        if (await SubscribeAsync(connected.IsSessionPresent, limit.Token) is { } refused) return refused;
        _owner.GoOnline();
        return await PumpAsync(files, stopping);
    }

    /// <summary>Sends what waits, the farewell, DISCONNECT, in at most about the limit. True: the farewell was
    /// acknowledged.</summary>
    public async Task<bool> LeaveAsync(MqttMessage? farewell, TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit);
        bool told = false;
        try
        {
            while ((_owner.Waiting > 0 || InFlight > 0) && limit > TimeSpan.FromSeconds(0.5))
            {
                Send();
                await _owner.Work.ReadAsync(end.Token);
            }
            if (farewell is not null)
                told = (await _client.PublishAsync(Messages.ToMqttNet(farewell), end.Token)).IsSuccess;
            // Nobody was told that we leave: then the will tells it.
            await _client.DisconnectAsync(new MqttClientDisconnectOptions
            {
                Reason = told ? MqttClientDisconnectOptionsReason.NormalDisconnection
                    : MqttClientDisconnectOptionsReason.DisconnectWithWillMessage,
            }, end.Token);
        }
        catch (Exception e) when (IsOfTheLink(e))
        {
            // The link ended first, or the time did.
        }
        return told;
    }

    /// <summary>What was under way, in its order, for the next connection.</summary>
    public IReadOnlyList<MqttMessage> TakeUnsent()
    {
        lock (_gate)
        {
            MqttMessage[] unsent = [.. _inFlight.Values.Reverse()];
            _inFlight.Clear();
            return unsent;
        }
    }

    public void Dispose()
    {
        _lost.TrySetResult("closed");
        _client.Dispose();
    }

    private async Task<string?> SubscribeAsync(bool sessionPresent, CancellationToken limit)
    {
        // A session may be from another configuration, so the first connection of a process always subscribes.
        if (_options.Subscriptions.Count == 0 || (sessionPresent && _owner.SubscribedOnce)) return null;
        // What an earlier configuration asked for would go on coming, beside what this one asks for.
        if (sessionPresent && _options.FormerFilters.Count > 0)
            await _client.UnsubscribeAsync(
                new MqttClientUnsubscribeOptions { TopicFilters = [.. _options.FormerFilters] }, limit);
        var granted = await _client.SubscribeAsync(ClientSettings.Subscriptions(_options.Subscriptions), limit);
        var refused = granted.Items.FirstOrDefault(item => (int)item.ResultCode >= 128);
        return refused is null ? null
            : $"the broker refused a subscription ({refused.ResultCode}); check its access list for user " +
                $"'{_options.User ?? "(none)"}', client id '{_options.ClientId}'";
    }

    // MQTTnet looks for silence only while nothing is sent; a link that is dead in one direction would pass for alive.
    private async Task<string> PumpAsync(TlsFiles files, CancellationToken stopping)
    {
        var interval = TimeSpan.FromSeconds(_options.KeepAliveSeconds / 2.0);
        long pinged = Stopwatch.GetTimestamp();
        Task? ping = null;
        while (!stopping.IsCancellationRequested)
        {
            _owner.NotePass();
            Send();
            var work = _owner.Work.WaitToReadAsync(stopping).AsTask();
            await Task.WhenAny(work, _lost.Task, Task.Delay(s_certificateLook, stopping));
            if (_lost.Task.IsCompleted) return await _lost.Task;
            _ = _owner.Work.TryRead(out _);
            if (_options.Tls is not null && TlsFiles.Of(_options.Tls) != files) return "the certificates were replaced";
            if (Stopwatch.GetElapsedTime(pinged) < interval) continue;
            if (ping is { IsCompletedSuccessfully: false }) return "the broker does not answer";
            pinged = Stopwatch.GetTimestamp();
            ping = PingAsync(interval);
        }
        return "stopped";
    }

    private async Task PingAsync(TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit);
        await _client.PingAsync(end.Token);
    }

    private void Send()
    {
        while (_owner.TakeWaiting(InFlight < _options.InFlightMax) is { } message)
        {
            // Topic, properties and headers count too; close enough to be told here instead of by a lost link.
            if (message.Payload.Length + 1024 > _packetBytesMax)
            {
                _owner.Drop(message with { PacketBytesMax = _packetBytesMax }, MqttDropReason.TooLargeForBroker);
                continue;
            }
            long number = ++_next;
            lock (_gate) _inFlight.Add(number, message);
            _ = SendAsync(number, message);
        }
    }

    private async Task SendAsync(long number, MqttMessage message)
    {
        try
        {
            var result = await _client.PublishAsync(Messages.ToMqttNet(message));
            lock (_gate)
                if (!_inFlight.Remove(number)) return;
            if (result.IsSuccess) _owner.NotePublished(message);
            else _owner.Drop(message, MqttDropReason.RefusedByBroker);
        }
        catch (Exception e) when (IsOfTheLink(e))
        {
            // It stays among those under way, for the next connection.
            _lost.TrySetResult(e.Message);
        }
    }

    // Acknowledged in the order of arrival, and only on the connection that brought it.
    private async Task OnMessageAsync(MqttApplicationMessageReceivedEventArgs e)
    {
        e.AutoAcknowledge = false;
        var message = Messages.FromMqttNet(e.ApplicationMessage, _options.PayloadBytesMax);
        await _mayHandle.WaitAsync();
        try
        {
            if (_lost.Task.IsCompleted) return;
            if (_owner.Receive(message)) await e.AcknowledgeAsync(CancellationToken.None);
            else _lost.TrySetResult("a fault before the acknowledgement");
        }
        catch (Exception failed) when (IsOfTheLink(failed))
        {
            _lost.TrySetResult(failed.Message);
        }
        finally
        {
            _mayHandle.Release();
        }
    }

    private static bool IsOfTheLink(Exception e) =>
        e is MQTTnet.Exceptions.MqttCommunicationException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException or IOException or System.Net.Sockets.SocketException
            or System.Threading.Channels.ChannelClosedException;
}
