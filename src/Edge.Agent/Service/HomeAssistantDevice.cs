using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Devices;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>The discovery message: one device with all its components. Source: Home Assistant, MQTT, device
/// discovery; the abbreviations are its own.</summary>
internal static class HomeAssistantDevice
{
    // In Jinja `value_json.values` is the method of the dict, not our field.
    private const string Values = "value_json['values']";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>UCUM unit and the end of a reading's name → unit and device class of Home Assistant; the first row
    /// that fits.</summary>
    private static readonly (string Ucum, string Name, string Unit, string? Class)[] Kinds =
    [
        ("Cel", "", "°C", "temperature"), ("%", "RelativeHumidity", "%", "humidity"),
        ("%", "humidity", "%", "humidity"),
        ("hPa", "", "hPa", "atmospheric_pressure"), ("[ppm]", "Co2", "ppm", "carbon_dioxide"),
        ("[ppm]", "co2", "ppm", "carbon_dioxide"), ("V", "", "V", "voltage"), ("A", "", "A", "current"),
        ("W", "", "W", "power"), ("lx", "", "lx", "illuminance"), ("[ppm]", "", "ppm", null),
        ("m", "", "m", "distance"),
        ("mm/s", "", "mm/s", "speed"), ("{rev}/min", "", "rpm", null), ("ug/m3", "", "µg/m³", null),
        ("m/s2", "", "m/s²", null), ("1", "", "", null),
    ];

    public static byte[] Write(
        NodeTopics topics, string version, IReadOnlyList<Reading> readings, double telemetrySeconds)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            string id = Id(topics.NodeId);
            json.WriteStartObject();
            json.WriteStartObject("dev");
            json.WriteString("ids", id);
            json.WriteString("name", $"edge {topics.NodeId}");
            json.WriteString("mf", "edge");
            json.WriteString("mdl", "language model node");
            json.WriteString("sw", version);
            json.WriteEndObject();
            json.WriteStartObject("o");
            json.WriteString("name", "edge");
            json.WriteString("sw", version);
            json.WriteEndObject();
            json.WriteStartArray("avty");
            json.WriteStartObject();
            json.WriteString("t", topics.Status);
            json.WriteString("val_tpl", "{{ value_json.state }}");
            json.WriteString("pl_avail", "online");
            json.WriteString("pl_not_avail", "offline");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteNumber("qos", 1);
            json.WriteStartObject("cmps");
            int expire = (int)Math.Ceiling(3 * telemetrySeconds);
            new Components(json, topics, id, expire).Write(readings);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What may stand in a discovery topic and in a unique id.</summary>
    public static string Id(string text) =>
        "edge_" + string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_'));

    private sealed class Components(Utf8JsonWriter json, NodeTopics topics, string device, int expire)
    {
        public void Write(IReadOnlyList<Reading> readings)
        {
            string system = topics.Telemetry("system"), inference = topics.Telemetry("inference");
            Sensor("temperature", "Temperature", system, $"{{{{ {Values}['temperature_c'] }}}}", "°C", "temperature");
            Sensor("memory", "Memory", system, $"{{{{ ({Values}['rss_bytes'] / 1048576) | round(1) }}}}", "MiB",
                "data_size");
            Sensor("tokens", "Tokens per second", inference, $"{{{{ {Values}['tok_s'] }}}}", "tokens/s", null);
            Sensor("queue", "Queue", inference, $"{{{{ {Values}['queue'] }}}}", "requests", null);
            Throttled(system);
            foreach (var reading in readings.DistinctBy(reading => Id(reading.Name))) OfReading(reading);
            Ask();
            Answer();
            Update();
        }

        private void Sensor(string key, string name, string topic, string template, string unit, string? kind)
        {
            Start(key, "sensor", name);
            json.WriteString("stat_t", topic);
            json.WriteString("val_tpl", template);
            if (unit.Length > 0) json.WriteString("unit_of_meas", unit);
            if (kind is not null) json.WriteString("dev_cla", kind);
            json.WriteString("stat_cla", "measurement");
            json.WriteNumber("exp_aft", expire);
            json.WriteEndObject();
        }

        private void OfReading(Reading reading)
        {
            int row = Array.FindIndex(Kinds, k => k.Ucum == reading.Unit
                && reading.Name.EndsWith(k.Name, StringComparison.Ordinal));
            var (_, _, unit, kind) = row < 0 ? ("", "", reading.Unit, null) : Kinds[row];
            string quoted = reading.Name.Replace("\\", "\\\\").Replace("'", "\\'");
            // A bad reading has no value: then the sensor says "unknown" instead of its last value.
            Sensor(Id(reading.Name), reading.Name, topics.Telemetry("sensors"),
                $"{{{{ ({Values}['readings'] | selectattr('name', 'eq', '{quoted}') | list | first)"
                + ".get('value', 'None') }}", unit, kind);
        }

        private void Throttled(string topic)
        {
            Start("throttled", "binary_sensor", "Throttled");
            json.WriteString("stat_t", topic);
            json.WriteString("val_tpl", $"{{{{ 'ON' if {Values}.get('throttled') else 'OFF' }}}}");
            json.WriteString("dev_cla", "problem");
            json.WriteString("ent_cat", "diagnostic");
            json.WriteEndObject();
        }

        // The text becomes a chat request like any other; its answer goes where the sensor below listens.
        private void Ask()
        {
            Start("ask", "notify", "Ask");
            json.WriteString("cmd_t", topics.Request("chat"));
            json.WriteString("cmd_tpl",
                "{\"messages\":[{\"role\":\"user\",\"content\":{{ value | tojson }}}],\"reply_to\":\""
                + topics.Response("ask") + "\",\"timeout_s\":300}");
            json.WriteEndObject();
        }

        private void Answer()
        {
            Start("answer", "sensor", "Answer");
            json.WriteString("stat_t", topics.Response("ask"));
            // A state has at most 255 characters; the whole text is in the attributes.
            json.WriteString("val_tpl",
                "{% if value_json.object == 'chat.completion' %}"
                + "{{ value_json.choices[0].message.content[:250] }}"
                + "{% elif value_json.code is defined %}{{ value_json.code }}{% else %}waiting{% endif %}");
            json.WriteString("json_attr_t", topics.Response("ask"));
            json.WriteString("json_attr_tpl",
                "{% if value_json.object == 'chat.completion' %}"
                + "{{ {'text': value_json.choices[0].message.content, 'usage': value_json.usage, "
                + "'timings': value_json.timings} | tojson }}"
                + "{% else %}{{ {'detail': value_json.detail | default('')} | tojson }}{% endif %}");
            json.WriteEndObject();
        }

        private void Update()
        {
            Start("update", "update", "Version");
            json.WriteString("stat_t", topics.Update);
            // Home Assistant takes no field that it does not know.
            json.WriteString("val_tpl",
                "{{ {'installed_version': value_json.installed_version, "
                + "'latest_version': value_json.latest_version, "
                + "'in_progress': value_json.state == 'verifying', "
                + "'release_summary': value_json.detail | default(value_json.state)} | tojson }}");
            json.WriteString("ent_cat", "diagnostic");
            json.WriteEndObject();
        }

        private void Start(string key, string platform, string name)
        {
            json.WriteStartObject(key);
            json.WriteString("p", platform);
            json.WriteString("name", name);
            json.WriteString("uniq_id", $"{device}_{key}");
        }
    }
}
