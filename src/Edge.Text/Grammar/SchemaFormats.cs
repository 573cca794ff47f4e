namespace Edge.Text;

/// <summary>
/// Formats as patterns, each a subset of what its RFC allows, so that a validator that asserts formats agrees: dates
/// have no 29 February, times no leap second, mail addresses are plain ASCII.
/// </summary>
internal static class SchemaFormats
{
    private const string Date =
        @"[12]\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))";
    private const string Time = @"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+\-]([01]\d|2[0-3]):[0-5]\d)";
    private const string Byte = @"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])";
    private const string Label = @"[a-zA-Z0-9]([a-zA-Z0-9\-]{0,30}[a-zA-Z0-9])?";

    public const string Names = "date, time, date-time, uuid, ipv4, email";

    /// <summary>An anchored pattern; null: not known.</summary>
    public static string? PatternOf(string format) => format switch
    {
        "date" => $"^{Date}$",
        "time" => $"^{Time}$",
        "date-time" => $"^{Date}T{Time}$",
        "uuid" => "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "ipv4" => $@"^{Byte}(\.{Byte}){{3}}$",
        "email" => $@"^[a-zA-Z0-9]([._+\-]?[a-zA-Z0-9]){{0,40}}@{Label}(\.{Label}){{1,3}}$",
        _ => null,
    };
}
