using System.Text.Json;

namespace Edge.Tests.Agent;

/// <summary>What Home Assistant documents of a device discovery message: which fields each component has, of which
/// kind, and which it must have.</summary>
/// <remarks>Source: home-assistant.io, pages "MQTT" (device discovery payload, origin, availability, abbreviations),
/// "MQTT sensor", "MQTT binary sensor", "MQTT notify", "MQTT update"; in its repository source/_integrations,
/// mqtt.markdown and {sensor,binary_sensor,notify,update}.mqtt.markdown, as of 2026. Unknown fields are ignored there,
/// so a misspelt one would do nothing and say nothing: here it is a finding.</remarks>
internal static class HomeAssistantFields
{
    private enum Kind { Text, Template, Topic, Whole, Truth, List, Map }

    private sealed record Row(string Name, Kind Kind, bool Required = false, string[]? Values = null);

    // long name ← abbreviation; what has none is used by its name.
    private static readonly Dictionary<string, string> Long = new()
    {
        ["avty"] = "availability", ["avty_mode"] = "availability_mode", ["avty_t"] = "availability_topic",
        ["avty_tpl"] = "availability_template", ["cmd_t"] = "command_topic", ["cmd_tpl"] = "command_template",
        ["cmps"] = "components", ["def_ent_id"] = "default_entity_id", ["dev"] = "device", ["dev_cla"] = "device_class",
        ["dsp_prc"] = "display_precision", ["e"] = "encoding", ["en"] = "enabled_by_default",
        ["ent_cat"] = "entity_category", ["ent_pic"] = "entity_picture", ["exp_aft"] = "expire_after",
        ["frc_upd"] = "force_update", ["ic"] = "icon", ["json_attr_t"] = "json_attributes_topic",
        ["json_attr_tpl"] = "json_attributes_template", ["l_ver_t"] = "latest_version_topic",
        ["l_ver_tpl"] = "latest_version_template", ["lrst_val_tpl"] = "last_reset_value_template", ["o"] = "origin",
        ["off_dly"] = "off_delay", ["ops"] = "options", ["p"] = "platform", ["pl_avail"] = "payload_available",
        ["pl_inst"] = "payload_install", ["pl_not_avail"] = "payload_not_available", ["pl_off"] = "payload_off",
        ["pl_on"] = "payload_on", ["rel_s"] = "release_summary", ["rel_u"] = "release_url", ["ret"] = "retain",
        ["stat_cla"] = "state_class", ["stat_t"] = "state_topic", ["sug_dsp_prc"] = "suggested_display_precision",
        ["t"] = "topic", ["tit"] = "title", ["uniq_id"] = "unique_id", ["unit_of_meas"] = "unit_of_measurement",
        ["val_tpl"] = "value_template",
    };

    private static readonly Dictionary<string, string> LongOfDevice = new()
    {
        ["cu"] = "configuration_url", ["cns"] = "connections", ["ids"] = "identifiers", ["mf"] = "manufacturer",
        ["mdl"] = "model", ["mdl_id"] = "model_id", ["hw"] = "hw_version", ["sw"] = "sw_version",
        ["sa"] = "suggested_area", ["sn"] = "serial_number",
    };

    private static readonly Dictionary<string, string> LongOfOrigin = new()
    {
        ["sw"] = "sw_version", ["url"] = "support_url",
    };

    private static readonly Row[] Root =
    [
        new("device", Kind.Map, true), new("origin", Kind.Map, true), new("components", Kind.Map, true),
        new("availability", Kind.List), new("availability_mode", Kind.Text, Values: ["all", "any", "latest"]),
        new("availability_topic", Kind.Topic), new("availability_template", Kind.Template),
        new("payload_available", Kind.Text), new("payload_not_available", Kind.Text), new("command_topic", Kind.Topic),
        new("state_topic", Kind.Topic), new("qos", Kind.Whole), new("encoding", Kind.Text),
    ];

    private static readonly Row[] Device =
    [
        new("identifiers", Kind.Text, true), // or connections, which we do not use
        new("name", Kind.Text), new("manufacturer", Kind.Text), new("model", Kind.Text), new("model_id", Kind.Text),
        new("hw_version", Kind.Text), new("sw_version", Kind.Text), new("serial_number", Kind.Text),
        new("suggested_area", Kind.Text), new("configuration_url", Kind.Text), new("via_device", Kind.Text),
    ];

    private static readonly Row[] Origin =
        [new("name", Kind.Text, true), new("sw_version", Kind.Text), new("support_url", Kind.Text)];

    private static readonly Row[] Availability =
    [
        new("topic", Kind.Topic, true), new("payload_available", Kind.Text), new("payload_not_available", Kind.Text),
        new("value_template", Kind.Template),
    ];

    // Of every entity; unique_id is required with device discovery.
    private static readonly Row[] Entity =
    [
        new("platform", Kind.Text, true), new("unique_id", Kind.Text, true), new("name", Kind.Text),
        new("default_entity_id", Kind.Text), new("object_id", Kind.Text), new("icon", Kind.Text),
        new("entity_picture", Kind.Text), new("enabled_by_default", Kind.Truth), new("encoding", Kind.Text),
        new("qos", Kind.Whole), new("json_attributes_topic", Kind.Topic),
        new("json_attributes_template", Kind.Template), new("availability", Kind.List),
        new("availability_mode", Kind.Text), new("availability_topic", Kind.Topic),
        new("availability_template", Kind.Template), new("payload_available", Kind.Text),
        new("payload_not_available", Kind.Text), new("device", Kind.Map),
    ];

    private static readonly string[] SensorClasses =
    [
        "atmospheric_pressure", "carbon_dioxide", "current", "data_size", "distance", "humidity", "illuminance",
        "power", "speed", "temperature", "voltage",
    ];

    private static readonly Dictionary<string, Row[]> Components = new()
    {
        ["sensor"] =
        [
            .. Entity, new("state_topic", Kind.Topic, true), new("value_template", Kind.Template),
            new("unit_of_measurement", Kind.Text), new("device_class", Kind.Text, Values: SensorClasses),
            new("state_class", Kind.Text,
                Values: ["measurement", "measurement_angle", "total", "total_increasing"]),
            new("expire_after", Kind.Whole), new("force_update", Kind.Truth),
            new("last_reset_value_template", Kind.Template), new("options", Kind.List),
            new("suggested_display_precision", Kind.Whole),
            new("entity_category", Kind.Text, Values: ["diagnostic"]),
        ],
        ["binary_sensor"] =
        [
            .. Entity, new("state_topic", Kind.Topic, true), new("value_template", Kind.Template),
            new("payload_on", Kind.Text), new("payload_off", Kind.Text), new("off_delay", Kind.Whole),
            new("expire_after", Kind.Whole), new("force_update", Kind.Truth),
            new("device_class", Kind.Text, Values: ["problem"]),
            new("entity_category", Kind.Text, Values: ["diagnostic"]),
        ],
        ["notify"] =
        [
            .. Entity, new("command_topic", Kind.Topic, true), // documented as optional; without it nothing is sent
            new("command_template", Kind.Template), new("retain", Kind.Truth),
            new("entity_category", Kind.Text, Values: ["config", "diagnostic"]),
        ],
        ["update"] =
        [
            .. Entity, new("state_topic", Kind.Topic), new("value_template", Kind.Template),
            new("latest_version_topic", Kind.Topic), new("latest_version_template", Kind.Template),
            new("command_topic", Kind.Topic), new("payload_install", Kind.Text), new("retain", Kind.Truth),
            new("display_precision", Kind.Whole), new("release_summary", Kind.Text), new("release_url", Kind.Text),
            new("title", Kind.Text), new("device_class", Kind.Text, Values: ["firmware"]),
            new("entity_category", Kind.Text, Values: ["config", "diagnostic"]),
        ],
    };

    /// <summary>Every way in which the message is not as documented; none: it is.</summary>
    public static List<string> Violations(JsonElement message)
    {
        var found = new List<string>();
        Check("", message, Root, Long, found);
        if (message.TryGetProperty("dev", out var device)) Check("/dev", device, Device, LongOfDevice, found);
        if (message.TryGetProperty("o", out var origin)) Check("/o", origin, Origin, LongOfOrigin, found);
        if (message.TryGetProperty("avty", out var list))
            foreach (var entry in list.EnumerateArray()) Check("/avty", entry, Availability, Long, found);
        if (!message.TryGetProperty("cmps", out var components)) return found;
        foreach (var component in components.EnumerateObject())
        {
            string at = "/cmps/" + component.Name;
            string? platform = component.Value.TryGetProperty("p", out var p) ? p.GetString() : null;
            if (platform is null || !Components.TryGetValue(platform, out var rows))
                found.Add($"{at}: platform {platform}");
            else Check(at, component.Value, rows, Long, found);
        }
        return found;
    }

    private static void Check(
        string at, JsonElement map, Row[] rows, Dictionary<string, string> names, List<string> found)
    {
        var seen = new HashSet<string>();
        foreach (var field in map.EnumerateObject())
        {
            string name = names.GetValueOrDefault(field.Name, field.Name);
            var row = Array.Find(rows, r => r.Name == name);
            if (row is null) found.Add($"{at}: {field.Name} is not documented");
            else if (!Fits(field.Value, row)) found.Add($"{at}: {field.Name} is {field.Value}, not {row.Kind}");
            if (!seen.Add(name)) found.Add($"{at}: {name} is there twice");
        }
        found.AddRange(rows.Where(r => r.Required && !seen.Contains(r.Name)).Select(r => $"{at}: {r.Name} is missing"));
    }

    private static bool Fits(JsonElement value, Row row) => row.Kind switch
    {
        Kind.Whole => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int n) && n >= 0
            && (row.Name != "qos" || n <= 2),
        Kind.Truth => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        Kind.List => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0,
        Kind.Map => value.ValueKind == JsonValueKind.Object,
        _ => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            && row.Values?.Contains(text) != false && (row.Kind != Kind.Topic || text.IndexOfAny(['+', '#']) < 0),
    };
}
