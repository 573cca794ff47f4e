namespace Edge.Mqtt;

/// <summary>One connection: where, as whom, with which limits. Every queue of the transport has its bound
/// here.</summary>
public sealed record MqttOptions
{
    public string Host { get; init; } = "127.0.0.1";
    public int Port { get; init; } = 1883;
    /// <summary>Stable over restarts: the broker keeps the session under it.</summary>
    public required string ClientId { get; init; }
    public string? User { get; init; }
    public string? Password { get; init; }
    public MqttTls? Tls { get; init; }
    public int KeepAliveSeconds { get; init; } = 30;
    /// <summary>How long the broker keeps subscriptions and waiting QoS 1 messages while we are away.</summary>
    public uint SessionExpirySeconds { get; init; } = 3600;
    /// <summary>QoS 1 messages that the broker may have under way to us.</summary>
    public int ReceiveMaximum { get; init; } = 16;
    /// <summary>A larger payload is not copied: the owner hears of it by <see cref="MqttMessage.IsOversized"/> and
    /// can refuse it.</summary>
    public int PayloadBytesMax { get; init; } = 256 * 1024;
    /// <summary>Told to the broker, which drops larger packets without a word; well above PayloadBytesMax, so that
    /// refusals can be given.</summary>
    public int PacketBytesMax { get; init; } = 4 * 1024 * 1024;
    public int OutboxMessagesMax { get; init; } = 1024;
    public long OutboxBytesMax { get; init; } = 8 * 1024 * 1024;
    /// <summary>QoS 1 messages under way to the broker; the rest waits in the outbox.</summary>
    public int InFlightMax { get; init; } = 16;
    public IReadOnlyList<MqttSubscription> Subscriptions { get; init; } = [];
    /// <summary>Filters that an earlier run may have left in the session: unsubscribed at the first
    /// connection.</summary>
    public IReadOnlyList<string> FormerFilters { get; init; } = [];
    public MqttWill? Will { get; init; }
    public TimeSpan ReconnectMin { get; init; } = TimeSpan.FromMilliseconds(500);
    public TimeSpan ReconnectMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Validate()
    {
        if (Host.Length == 0) return "mqtt.host is empty; name the broker's host or address";
        if (Port is < 1 or > 65535) return $"mqtt.port {Port} is not a port; use 1 to 65535 (1883, with TLS 8883)";
        if (ClientId.Length is 0 or > 128) return "the MQTT client id must have 1 to 128 characters";
        if (Password is not null && User is null) return "a password is set without mqtt.user; set both";
        if (Tls is { } tls && tls.CertificateFile is null != tls.KeyFile is null)
            return "mqtt.certificateFile and mqtt.keyFile belong together; set both or none";
        (string Key, string? File)[] files =
            [("caFile", Tls?.CaFile), ("certificateFile", Tls?.CertificateFile), ("keyFile", Tls?.KeyFile)];
        foreach (var (key, file) in files)
            if (file is not null && !File.Exists(file))
                return $"mqtt.{key} {file} does not exist or cannot be read; name a PEM file";
        if (KeepAliveSeconds is < 5 or > 65535)
            return $"mqtt.keepAliveSeconds {KeepAliveSeconds} is outside 5 to 65535";
        if (ReceiveMaximum is < 1 or > 65535) return $"the receive maximum {ReceiveMaximum} is outside 1 to 65535";
        if (InFlightMax is < 1 or > 1000) return $"the number of messages in flight {InFlightMax} is outside 1 to 1000";
        if (PayloadBytesMax < 1024) return $"mqtt.payloadBytesMax {PayloadBytesMax} is below 1024";
        if (PacketBytesMax < PayloadBytesMax)
            return $"mqtt.payloadBytesMax {PayloadBytesMax} does not fit a packet (at most {PacketBytesMax} bytes)";
        if (OutboxMessagesMax < 1 || OutboxBytesMax < 1024)
            return "the outbox needs room for at least 1 message and 1024 bytes";
        if (ReconnectMin <= TimeSpan.Zero || ReconnectMax < ReconnectMin)
            return "the shortest reconnect delay must be above 0 and at most the longest";
        return null;
    }
}
