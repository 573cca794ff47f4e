using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>The broker. The password stands in a file of its own, so that the configuration holds no secret.</summary>
internal sealed record MqttConfig
{
    public string Host { get; init; } = "127.0.0.1";
    public int Port { get; init; } = 1883;
    public string User { get; init; } = "";
    public string PasswordFile { get; init; } = "";
    public string CaFile { get; init; } = "";
    public string CertificateFile { get; init; } = "";
    public string KeyFile { get; init; } = "";
    public string Root { get; init; } = NodeTopics.DefaultRoot;
    /// <summary>Topics that replies may go to besides clients/… and {root}/…/rsp; each ends in '/'.</summary>
    public IReadOnlyList<string> ReplyPrefixes { get; init; } = [];
    public int PayloadBytesMax { get; init; } = 256 * 1024;
    public int WillDelaySeconds { get; init; } = 15;

    public string? Problem()
    {
        if (Port is < 1 or > 65535) return $"mqtt.port {Port} is not a port; use 1 to 65535 (1883, with TLS 8883)";
        if (PayloadBytesMax is < 1024 or > 64 * 1024 * 1024)
            return $"mqtt.payloadBytesMax {PayloadBytesMax} is outside 1024 to {64 * 1024 * 1024}";
        if (WillDelaySeconds is < 0 or > 3600) return $"mqtt.willDelaySeconds {WillDelaySeconds} is outside 0 to 3600";
        if (PasswordFile.Length > 0 && !File.Exists(PasswordFile)) return $"mqtt.passwordFile {PasswordFile} does not exist";
        if (PasswordFile.Length > 0 && User.Length == 0) return "mqtt.passwordFile is set without mqtt.user; set both";
        if (CaFile.Length == 0 && (CertificateFile.Length > 0 || KeyFile.Length > 0))
            return "mqtt.certificateFile and mqtt.keyFile need mqtt.caFile; set it too";
        return Connection("edge").Validate();
    }

    /// <summary>Reads the password file.</summary>
    public MqttOptions Connection(string clientId) => new()
    {
        Host = Host,
        Port = Port,
        ClientId = clientId,
        User = NullIfEmpty(User),
        Password = PasswordFile.Length > 0 ? File.ReadAllText(PasswordFile).TrimEnd('\r', '\n') : null,
        Tls = CaFile.Length > 0 ? new MqttTls(CaFile, NullIfEmpty(CertificateFile), NullIfEmpty(KeyFile)) : null,
        PayloadBytesMax = PayloadBytesMax,
    };

    private static string? NullIfEmpty(string text) => text.Length > 0 ? text : null;
}
