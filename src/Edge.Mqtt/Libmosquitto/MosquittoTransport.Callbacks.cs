using System.Diagnostics;

namespace Edge.Mqtt.Libmosquitto;

// What the library tells, on the transport's thread.
public sealed partial class MosquittoTransport
{
    private void OnConnected(bool sessionPresent, long packetBytesMax)
    {
        Interlocked.Increment(ref _connects);
        _packetBytesMax = packetBytesMax;
        _pendingSubscriptions.Clear();
        // A session may be from another configuration, so the first connection of a process always subscribes.
        if (_options.Subscriptions.Count == 0 || (sessionPresent && _subscribedOnce))
        {
            GoOnline();
            return;
        }
        // What an earlier configuration asked for would go on coming, beside what this one asks for.
        if (sessionPresent)
            foreach (string filter in _options.FormerFilters)
                if (_client.Unsubscribe(filter, out int mid) == Native.Success) _pendingSubscriptions.Add(mid);
        foreach (var subscription in _options.Subscriptions)
        {
            int rc = _client.Subscribe(subscription, out int mid);
            if (rc == Native.Success) _pendingSubscriptions.Add(mid);
            else _lost = $"cannot subscribe to {subscription.Filter}: {MosquittoLibrary.ErrorText(rc)}";
        }
    }

    private void OnSubscribed(int mid, int reason)
    {
        if (!_pendingSubscriptions.Remove(mid)) return;
        if (reason >= 128)
            _lost = $"the broker refused a subscription ({MosquittoLibrary.ReasonText(reason)}); " +
                $"check its access list for user '{_options.User ?? "(none)"}', client id '{_options.ClientId}'";
        else if (_pendingSubscriptions.Count == 0 && _lost is null)
            GoOnline();
    }

    // That there was no such subscription is as good.
    private void OnUnsubscribed(int mid)
    {
        if (_pendingSubscriptions.Remove(mid) && _pendingSubscriptions.Count == 0 && _lost is null) GoOnline();
    }

    private void OnLost(string why, int reason)
    {
        if (reason == Native.SessionTakenOver) _briefs = Math.Max(_briefs, BriefsToTell);
        _lost ??= why;
    }

    // A link that is lost as soon as it is there: not every broker says that somebody else took it.
    private void JudgeLink()
    {
        if (Stopwatch.GetElapsedTime(_onlineAt) >= 2 * _options.ReconnectMax)
        {
            _backoff.Reset();
            _briefs = 0;
        }
        else if (++_briefs >= BriefsToTell)
            _lost = $"{_lost ?? "closed"}, as soon as it was there; does another client use the id " +
                $"'{_options.ClientId}'? Give every node its own (--node)";
    }

    private void GoOnline()
    {
        _subscribedOnce = true;
        _online = true;
        _onlineAt = Stopwatch.GetTimestamp();
        _events.OnOnline();
    }

    private void OnMessage(MqttMessage message)
    {
        Interlocked.Increment(ref _received);
        if (message.IsOversized) Interlocked.Increment(ref _oversized);
        _events.OnMessage(message);
    }

    private void OnPublished(int mid, int reason)
    {
        if (!_inFlight.Remove(mid, out var message)) return;
        Volatile.Write(ref _inFlightCount, _inFlight.Count);
        // 16 says "no subscribers", which is no failure.
        if (reason >= 128) Drop(message, MqttDropReason.RefusedByBroker);
        else
        {
            Interlocked.Increment(ref _published);
            if (message.Ticket != 0) Guard(() => _events.OnAcknowledged(message));
        }
    }

    private bool Drop(MqttMessage message, MqttDropReason reason)
    {
        Interlocked.Increment(ref _dropped);
        Guard(() => _events.OnDropped(message, reason));
        return false;
    }

    private bool Guard(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) // boundary: C called
        {
            OnFault(e);
            return false;
        }
    }

    // A handler's bug. It must not cross into C, and ending the process would only bring the same message again.
    private void OnFault(Exception e)
    {
        Interlocked.Increment(ref _faults);
        _events.OnLog(MqttLogLevel.Error, $"mqtt: a handler failed, its message is given up: {e}");
    }
}
