using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>The broker. The password stands in a file of its own, so that the configuration holds no secret.</summary>
/// <param name="ReplyPrefixes">Topics that replies may go to besides clients/… and {root}/…/rsp; each ends in
/// '/'.</param>
/// <param name="PasswordFile">This and the other files may begin with $CREDENTIALS_DIRECTORY, systemd's folder of a
/// unit's secrets.</param>
/// <param name="Pools">Shared queues that this node serves with others.</param>
/// <param name="Requesters">Limits and priorities by reply topic.</param>
internal sealed record MqttConfig(
    string Host = "127.0.0.1",
    int Port = 1883,
    string? User = null,
    string? PasswordFile = null,
    string? CaFile = null,
    string? CertificateFile = null,
    string? KeyFile = null,
    string Root = NodeTopics.DefaultRoot,
    string[]? ReplyPrefixes = null,
    int PayloadBytesMax = 256 * 1024,
    int WillDelaySeconds = 15,
    int KeepAliveSeconds = 30,
    string[]? Pools = null,
    RequesterRule[]? Requesters = null)
{
    /// <summary>A packet has at most 4 MiB; topic and properties take some of it.</summary>
    private const int PayloadBytesMost = 4 * 1024 * 1024 - 64 * 1024;

    // No setters: the binder would set them again after the constructor, past the folder's name.
    public string? PasswordFile { get; } = CredentialPath.Resolve(PasswordFile);
    public string? CaFile { get; } = CredentialPath.Resolve(CaFile);
    public string? CertificateFile { get; } = CredentialPath.Resolve(CertificateFile);
    public string? KeyFile { get; } = CredentialPath.Resolve(KeyFile);

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        if (Port is < 1 or > 65535) return $"mqtt.port {Port} is not a port; use 1 to 65535 (1883, with TLS 8883)";
        if (PayloadBytesMax is < 1024 or > PayloadBytesMost)
            return $"mqtt.payloadBytesMax {PayloadBytesMax} is outside 1024 to {PayloadBytesMost}";
        if (WillDelaySeconds is < 0 or > 3600) return $"mqtt.willDelaySeconds {WillDelaySeconds} is outside 0 to 3600";
        if (PasswordFile is not null && InputFile.Problem(PasswordFile, "write the password into it") is { } missing)
            return $"mqtt.passwordFile {missing}";
        if (PasswordFile is not null && User is null) return "mqtt.passwordFile is set without mqtt.user; set both";
        if (CaFile is null && (CertificateFile is not null || KeyFile is not null))
            return "mqtt.certificateFile and mqtt.keyFile need mqtt.caFile; set it too";
        string? listed = (Pools ?? []).Select(NodeTopics.WhyNoPool)
            .Concat((Requesters ?? []).Select(rule => rule.Validate())).FirstOrDefault(problem => problem is not null);
        return listed ?? Connection("edge").Validate();
    }

    /// <summary>Reads the password file.</summary>
    public MqttOptions Connection(string clientId) => new()
    {
        Host = Host,
        Port = Port,
        ClientId = clientId,
        User = User,
        Password = PasswordFile is null ? null : File.ReadAllText(PasswordFile).TrimEnd('\r', '\n'),
        Tls = CaFile is null ? null : new MqttTls(CaFile, CertificateFile, KeyFile),
        PayloadBytesMax = PayloadBytesMax,
        KeepAliveSeconds = KeepAliveSeconds,
    };
}
