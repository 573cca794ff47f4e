using System.Text.Json;
using Edge.Models;

namespace Edge.Bench;

/// <summary>One figure of the kernel benchmark; more is better for GB/s, less for ns.</summary>
internal sealed record HistoryRow(string Name, string Unit, Spread Value, double? WeightsPerNs = null)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("unit", Unit);
        json.WriteNumber("median", Value.Median);
        json.WriteNumber("low", Value.Low);
        json.WriteNumber("high", Value.High);
        json.WriteNumber("runs", Value.Runs);
        if (WeightsPerNs is { } weights) json.WriteNumber("weights_per_ns", weights);
    }

    /// <summary>Errors: JsonException, KeyNotFoundException or InvalidOperationException for a line that is none of
    /// ours.</summary>
    public static HistoryRow Read(JsonElement line)
    {
        double Number(string name) => line.GetProperty(name).GetDouble();
        return new HistoryRow(line.GetProperty("name").GetString()!, line.GetProperty("unit").GetString()!,
            new Spread(Number("median"), Number("low"), Number("high"), line.GetProperty("runs").GetInt32()));
    }
}
