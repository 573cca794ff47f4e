using System.Text.Json;
using Edge.Weights.Replay;

namespace Edge.Agent.Replay;

/// <summary>The statistics of a routing as a JSON object.</summary>
internal static class RoutingReport
{
    public static void Write(Utf8JsonWriter writer, RoutingStatistics routing)
    {
        writer.WriteStartObject("routing");
        Write(writer, "layer_entropy_bits", routing.LayerEntropyBits);
        writer.WriteNumber("repeat_share", routing.RepeatShare);
        writer.WriteNumber("first_use_share", routing.ColdShare);
        writer.WriteNumber("reuse_distance_p50", routing.ReuseDistanceP50);
        writer.WriteNumber("reuse_distance_p90", routing.ReuseDistanceP90);
        Write(writer, "reuse_distance_shares_by_power_of_two", routing.ReuseDistances);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<double> values)
    {
        writer.WriteStartArray(name);
        foreach (double value in values) writer.WriteNumberValue(Math.Round(value, 4));
        writer.WriteEndArray();
    }
}
