namespace Edge.Devices;

/// <summary>What a model replies to a line of readings: the JSON schema of the verdict.</summary>
public static class SensorVerdict
{
    /// <summary>The schema's text, as schemas/sensor-verdict.json has it.</summary>
    public static string SchemaJson { get; } = ReadSchema();

    private static string ReadSchema()
    {
        using var stream = typeof(SensorVerdict).Assembly.GetManifestResourceStream("sensor-verdict.json")
            ?? throw new InvalidOperationException("sensor-verdict.json is not embedded in Edge.Devices");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
