namespace Edge.Mqtt;

/// <summary>Files in PEM. Certificate and key come together or not at all; the CA file pins who may be the
/// broker.</summary>
public sealed record MqttTls(string CaFile, string? CertificateFile = null, string? KeyFile = null);
