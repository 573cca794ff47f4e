using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace Edge.Mqtt.MqttNet;

/// <summary>Our options in MQTTnet's words.</summary>
internal static class ClientSettings
{
    /// <summary>Reads the certificate files. Errors: what .NET throws for files that are missing or broken.</summary>
    public static MqttClientOptions Of(MqttOptions options)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithTcpServer(options.Host, options.Port)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(options.ClientId)
            .WithCleanStart(false)
            .WithSessionExpiryInterval(options.SessionExpirySeconds)
            .WithReceiveMaximum((ushort)options.ReceiveMaximum)
            .WithMaximumPacketSize((uint)options.PacketBytesMax)
            .WithKeepAlivePeriod(TimeSpan.FromSeconds(options.KeepAliveSeconds))
            .WithTimeout(TimeSpan.FromSeconds(options.KeepAliveSeconds));
        if (options.User is { } user) builder = builder.WithCredentials(user, options.Password);
        if (options.Will is { } will)
            builder = builder.WithWillTopic(will.Topic).WithWillPayload(will.Payload.ToArray())
                .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).WithWillRetain(will.Retain)
                .WithWillDelayInterval(will.DelaySeconds).WithWillContentType(will.ContentType);
        if (options.Tls is { } tls) builder = builder.WithTlsOptions(t => Secure(t, tls));
        return builder.Build();
    }

    private static void Secure(MqttClientTlsOptionsBuilder builder, MqttTls tls)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(tls.CaFile);
        builder.UseTls().WithRevocationMode(X509RevocationMode.NoCheck)
            .WithCertificateValidationHandler(e => IsPinned(e, authority));
        if (tls.CertificateFile is { } certificate)
            builder.WithClientCertificates([X509Certificate2.CreateFromPemFile(certificate, tls.KeyFile)]);
    }

    // Only the pinned authority counts, whatever else this machine trusts; the name must be right too.
    private static bool IsPinned(MqttClientCertificateValidationEventArgs e, X509Certificate2 authority)
    {
        const SslPolicyErrors fatal =
            SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable;
        if ((e.SslPolicyErrors & fatal) != 0) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        using var broker = new X509Certificate2(e.Certificate);
        return chain.Build(broker);
    }

    public static MqttClientSubscribeOptions Subscriptions(IReadOnlyList<MqttSubscription> subscriptions) => new()
    {
        TopicFilters =
        [
            .. subscriptions.Select(s => new MQTTnet.Packets.MqttTopicFilter
            {
                Topic = s.Filter, QualityOfServiceLevel = (MqttQualityOfServiceLevel)s.Qos, NoLocal = s.NoLocal,
                RetainAsPublished = true, RetainHandling = MqttRetainHandling.SendAtSubscribeIfNewSubscriptionOnly,
            }),
        ],
    };
}
