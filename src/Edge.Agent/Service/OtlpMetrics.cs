using System.Buffers;
using System.Text.Json;

namespace Edge.Agent.Service;

/// <summary>One figure; a sum counts since the start of the service.</summary>
internal sealed record OtlpPoint(string Name, string Unit, double Value, bool IsSum);

/// <summary>The body of an export request. Source: OpenTelemetry protocol 1.x, JSON encoding of metrics.</summary>
internal static class OtlpMetrics
{
    private const int Cumulative = 2;

    public static byte[] Write(
        string node, string version, DateTimeOffset started, DateTimeOffset now, IReadOnlyList<OtlpPoint> points)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("resourceMetrics");
        json.WriteStartObject();
        json.WriteStartObject("resource");
        json.WriteStartArray("attributes");
        Attribute(json, "service.name", "edge");
        Attribute(json, "service.version", version);
        Attribute(json, "service.instance.id", node);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeMetrics");
        json.WriteStartObject();
        json.WriteStartObject("scope");
        json.WriteString("name", "edge");
        json.WriteEndObject();
        json.WriteStartArray("metrics");
        foreach (var point in points.Where(p => double.IsFinite(p.Value))) Metric(json, point, started, now);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Metric(Utf8JsonWriter json, OtlpPoint point, DateTimeOffset started, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("name", point.Name);
        json.WriteString("unit", point.Unit);
        json.WriteStartObject(point.IsSum ? "sum" : "gauge");
        if (point.IsSum)
        {
            json.WriteNumber("aggregationTemporality", Cumulative);
            json.WriteBoolean("isMonotonic", true);
        }
        json.WriteStartArray("dataPoints");
        json.WriteStartObject();
        // 64-bit whole numbers are strings in this encoding.
        if (point.IsSum) json.WriteString("startTimeUnixNano", Nanoseconds(started));
        json.WriteString("timeUnixNano", Nanoseconds(now));
        json.WriteNumber("asDouble", point.Value);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteStartObject("value");
        json.WriteString("stringValue", value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Nanoseconds(DateTimeOffset time) => $"{(time - DateTimeOffset.UnixEpoch).Ticks * 100}";
}
