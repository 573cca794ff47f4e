namespace Edge.Mqtt;

/// <summary>Bounds of a chat request's body; docs/wire.md lists them.</summary>
public static class ChatLimits
{
    public const int MessagesMax = 256, PartsMax = 64, DepthMax = 32, StopMax = 8, StopCharsMax = 64;
    public const int ContentCharsMax = 256 * 1024, ModelCharsMax = 128, NameCharsMax = 64;
    public const int MaxTokensMax = 131_072, TopKMax = 100_000;
    public const int CorrelationBytesMax = 64, IgnoredMax = 16;
    public const double TemperatureMax = 2, PenaltyMin = 0.5, PenaltyMax = 2, TimeoutSecondsMin = 0.1,
        TimeoutSecondsMax = 86_400;
    /// <summary>Version of the contract that `edge.version` may ask for.</summary>
    public const int Version = 1;
}
