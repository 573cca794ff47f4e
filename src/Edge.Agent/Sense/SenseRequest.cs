using System.Buffers;
using System.Text.Json;
using Edge.Devices;

namespace Edge.Agent.Sense;

/// <summary>The chat request that asks for a verdict on one line of readings.</summary>
internal static class SenseRequest
{
    private const int MaxTokens = 96; // The longest verdict that the demo model was trained on has about 60.

    private static readonly JsonElement Schema = JsonDocument.Parse(SensorVerdict.SchemaJson).RootElement.Clone();

    public static byte[] Body(string line)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteString("content", line);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteNumber("max_tokens", MaxTokens);
            json.WriteNumber("temperature", 0);
            json.WriteStartObject("response_format");
            json.WriteString("type", "json_schema");
            json.WriteStartObject("json_schema");
            json.WriteString("name", "sensor_verdict");
            json.WriteBoolean("strict", true);
            json.WritePropertyName("schema");
            Schema.WriteTo(json);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What is wrong with a verdict, or null.</summary>
    public static string? Violation(string reply) => SchemaCheck.Violation(Schema, reply);
}
