using Edge.Mqtt;

namespace Edge.Agent.Config;

/// <summary>Discovery by Home Assistant.</summary>
/// <param name="Mode">off; on: announce the node; remove: take an announced node out again.</param>
/// <param name="Prefix">Home Assistant's discovery prefix.</param>
internal sealed record HomeAssistantConfig(string Mode = "off", string Prefix = "homeassistant")
{
    public const string Off = "off", On = "on", Remove = "remove";

    public string? Problem()
    {
        if (Mode is not (Off or On or Remove)) return $"homeAssistant.mode '{Mode}' is not off, on or remove";
        return TopicName.WhyInvalid(Prefix) is { } why
            ? $"homeAssistant.prefix '{Prefix}' cannot be part of a topic: {why}" : null;
    }
}
