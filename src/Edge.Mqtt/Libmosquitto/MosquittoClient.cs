using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Mqtt.Libmosquitto;


/// <summary>One libmosquitto handle, made, used and destroyed by one thread: the transport's. No exception leaves a
/// callback.</summary>
/// <remarks>The library runs in "threaded" mode under our own poll loop, so that its packets, PUBACK among them, are
/// written by <see cref="Write"/> after the message callback has returned, and waiting needs neither its thread nor
/// its socket pair.</remarks>
internal sealed unsafe class MosquittoClient : IDisposable
{
    private readonly MqttOptions _options;
    private nint _mosq;
    private GCHandle _self;

    /// <summary>Whether the session was there, and the largest packet that the broker takes (0: any).</summary>
    public required Action<bool, long> Connected { get; init; }
    /// <summary>Why, and the broker's reason code (below 128: the library's own error).</summary>
    public required Action<string, int> Lost { get; init; }
    public required Action<MqttMessage> Message { get; init; }
    public required Action<int, int> Published { get; init; }
    public required Action<int, int> Subscribed { get; init; }
    public required Action<int> Unsubscribed { get; init; }
    public required Action<MqttLogLevel, string> Log { get; init; }
    public required Action<Exception> Fault { get; init; }

    public MosquittoClient(MqttOptions options)
    {
        _options = options;
        MosquittoLibrary.Load();
    }

    /// <summary>Null, or why the library does not take the options.</summary>
    public string? Open()
    {
        _self = GCHandle.Alloc(this);
        _mosq = Native.mosquitto_new(_options.ClientId, 0, GCHandle.ToIntPtr(_self));
        if (_mosq == 0) return "libmosquitto could not make a client (out of memory)";
        _ = Native.mosquitto_threaded_set(_mosq, 1);
        _ = Native.mosquitto_int_option(_mosq, Native.OptionProtocolVersion, 5);
        _ = Native.mosquitto_int_option(_mosq, Native.OptionReceiveMaximum, _options.ReceiveMaximum);
        _ = Native.mosquitto_int_option(_mosq, Native.OptionSendMaximum, _options.InFlightMax);
        _ = Native.mosquitto_int_option(_mosq, Native.OptionTcpNoDelay, 1);
        Native.mosquitto_log_callback_set(_mosq, &OnLog);
        Native.mosquitto_connect_v5_callback_set(_mosq, &OnConnect);
        Native.mosquitto_disconnect_v5_callback_set(_mosq, &OnDisconnect);
        Native.mosquitto_message_v5_callback_set(_mosq, &OnMessage);
        Native.mosquitto_publish_v5_callback_set(_mosq, &OnPublish);
        Native.mosquitto_subscribe_v5_callback_set(_mosq, &OnSubscribe);
        Native.mosquitto_unsubscribe_v5_callback_set(_mosq, &OnUnsubscribe);
        int rc = Native.Success;
        if (_options.User is { } user) rc = Native.mosquitto_username_pw_set(_mosq, user, _options.Password);
        if (rc != Native.Success)
            return $"libmosquitto refused user '{_options.User}': {MosquittoLibrary.ErrorText(rc)}";
        if (_options.Tls is { } tls)
            rc = Native.mosquitto_tls_set(_mosq, tls.CaFile, null, tls.CertificateFile, tls.KeyFile, 0);
        if (rc != Native.Success)
            return $"libmosquitto refused {TlsFiles.Suspect(_options.Tls!)}: {MosquittoLibrary.ErrorText(rc)}";
        return _options.Will is { } will ? SetWill(will) : null;
    }

    private string? SetWill(MqttWill will)
    {
        using var properties = PropertyList.ForWill(will);
        int rc;
        fixed (byte* payload = will.Payload.Span)
            rc = Native.mosquitto_will_set_v5(
                _mosq, will.Topic, will.Payload.Length, payload, 1, will.Retain ? (byte)1 : (byte)0,
                properties.Pointer);
        if (rc != Native.Success)
            return $"libmosquitto refused the will on {will.Topic}: {MosquittoLibrary.ErrorText(rc)}";
        properties.GiveAway();
        return null;
    }

    /// <summary>Opens the TCP connection (blocking, at most as long as the kernel tries) and queues CONNECT. Null, or
    /// why not.</summary>
    public string? Connect()
    {
        using var properties = PropertyList.ForConnect(_options);
        int rc = Native.mosquitto_connect_bind_v5(
            _mosq, _options.Host, _options.Port, _options.KeepAliveSeconds, null, properties.Pointer);
        return rc == Native.Success ? null : MosquittoLibrary.ErrorText(rc, Marshal.GetLastPInvokeError());
    }

    /// <summary>The socket to poll; negative when there is no connection.</summary>
    public int Socket => Native.mosquitto_socket(_mosq);
    public bool WantsWrite => Native.mosquitto_want_write(_mosq) != 0;
    public int Read() => Native.mosquitto_loop_read(_mosq, 1);
    public int Write() => Native.mosquitto_loop_write(_mosq, 1);
    public int KeepAlive() => Native.mosquitto_loop_misc(_mosq);
    /// <summary><paramref name="withWill"/>: the broker publishes the will as if the link were cut.</summary>
    public int Disconnect(bool withWill = false) =>
        Native.mosquitto_disconnect_v5(_mosq, withWill ? Native.DisconnectWithWill : 0, 0);

    public int Subscribe(MqttSubscription subscription, out int mid)
    {
        int flags = Native.SubscribeRetainAsPublished | Native.SubscribeSendRetainNew |
            (subscription.NoLocal ? Native.SubscribeNoLocal : 0);
        return Native.mosquitto_subscribe_v5(_mosq, out mid, subscription.Filter, subscription.Qos, flags, 0);
    }

    public int Unsubscribe(string filter, out int mid) => Native.mosquitto_unsubscribe(_mosq, out mid, filter);

    public int Publish(MqttMessage message, out int mid)
    {
        using var properties = PropertyList.ForPublish(message);
        fixed (byte* payload = message.Payload.Span)
            return Native.mosquitto_publish_v5(_mosq, out mid, message.Topic, message.Payload.Length, payload,
                message.Qos, message.Retain ? (byte)1 : (byte)0, properties.Pointer);
    }

    /// <summary>Never from a callback.</summary>
    public void Dispose()
    {
        if (_mosq != 0) Native.mosquitto_destroy(_mosq);
        _mosq = 0;
        if (_self.IsAllocated) _self.Free();
    }

    private static MosquittoClient From(nint user) => (MosquittoClient)GCHandle.FromIntPtr(user).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnConnect(nint mosq, nint user, int reason, int flags, nint properties)
    {
        var self = From(user);
        try
        {
            if (reason == 0) self.Connected((flags & 1) != 0, PropertyList.PacketBytesMax(properties));
            else self.Lost($"the broker refused the connection: {MosquittoLibrary.ReasonText(reason)}", reason);
        }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDisconnect(nint mosq, nint user, int reason, nint properties)
    {
        int errno = Marshal.GetLastSystemError();
        var self = From(user);
        // Below 128 it is one of the library's own errors, above a reason code of the broker's DISCONNECT.
        try
        {
            self.Lost(reason < 128 ? MosquittoLibrary.ErrorText(reason, errno) : MosquittoLibrary.ReasonText(reason),
                reason);
        }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(nint mosq, nint user, NativeMessage* message, nint properties)
    {
        var self = From(user);
        try
        {
            int length = message->PayloadLength;
            bool fits = length <= self._options.PayloadBytesMax;
            self.Message(PropertyList.Read(properties, new()
            {
                Topic = Marshal.PtrToStringUTF8((nint)message->Topic) ?? "",
                Payload = fits && length > 0 ? new ReadOnlySpan<byte>(message->Payload, length).ToArray() : default,
                WireBytes = length,
                Qos = message->Qos,
                Retain = message->Retain != 0,
                ReceivedAt = Stopwatch.GetTimestamp(),
            }));
        }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPublish(nint mosq, nint user, int mid, int reason, nint properties)
    {
        var self = From(user);
        try { self.Published(mid, reason); }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSubscribe(nint mosq, nint user, int mid, int count, int* granted, nint properties)
    {
        var self = From(user);
        try
        {
            int worst = 0;
            for (int i = 0; i < count; i++) worst = Math.Max(worst, granted[i]);
            self.Subscribed(mid, worst);
        }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnUnsubscribe(nint mosq, nint user, int mid, nint properties)
    {
        var self = From(user);
        try { self.Unsubscribed(mid); }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint mosq, nint user, int level, byte* text)
    {
        if (level is not (Native.LogWarning or Native.LogError)) return;
        var self = From(user);
        try
        {
            self.Log(level == Native.LogError ? MqttLogLevel.Error : MqttLogLevel.Warning,
                "libmosquitto: " + Marshal.PtrToStringUTF8((nint)text));
        }
        catch (Exception e) { self.Fault(e); } // boundary: C called
    }
}
