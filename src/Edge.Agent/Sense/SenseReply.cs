using System.Text.Json;
using Edge.Mqtt;

namespace Edge.Agent.Sense;

/// <summary>Reads what a node answers: the final chat completion or a problem.</summary>
internal static class SenseReply
{
    /// <summary>Nothing follows a final or an error.</summary>
    public static bool IsLast(MqttMessage message) =>
        message.UserProperties.Any(p => p.Key == "edge-kind" && p.Value is not ("accepted" or "delta"));

    /// <summary>The reply's text and speed, or the problem.</summary>
    public static (string? Text, double? TokensPerSecond, string? Problem) Read(MqttMessage message)
    {
        try
        {
            using var body = JsonDocument.Parse(message.Payload);
            var root = body.RootElement;
            if (root.TryGetProperty("choices", out var choices))
            {
                string text = choices[0].GetProperty("message").GetProperty("content").GetString() ?? "";
                return (text, Rate(root), null);
            }
            return (null, null, $"{root.GetProperty("code").GetString()}: {root.GetProperty("detail").GetString()}");
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return (null, null, $"the reply cannot be read: {e.Message}");
        }
    }

    private static double? Rate(JsonElement root) =>
        root.TryGetProperty("timings", out var timings) && timings.TryGetProperty("tok_s", out var rate)
            ? rate.GetDouble() : null;
}
