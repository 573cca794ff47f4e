namespace Edge.Agent.Sense;

/// <summary>Replies for people.</summary>
internal static class SensePrint
{
    public static void Text(SenseReport report)
    {
        Console.Out.WriteLine(report.Reading);
        Console.Out.WriteLine(
            report.Reply is null
                ? $"  no verdict: {report.Problem}"
                : $"  {report.Reply}{(report.Valid ? "" : $"  INVALID: {report.Problem}")}");
        string speed = report.TokensPerSecond is { } rate ? $"{rate:F0} tokens/s, " : "";
        Console.Error.WriteLine($"  {speed}{report.LatencyMs:F0} ms");
    }

    public static void Telemetry(string group, string json) => Console.Error.WriteLine($"  telemetry/{group} {json}");
}
