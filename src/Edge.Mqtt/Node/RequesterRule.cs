namespace Edge.Mqtt;

/// <summary>What requesters whose reply topic starts with a prefix may do; 0 in a limit: no limit.</summary>
/// <param name="Prefix">Of the reply topic; empty: everybody. The longest prefix that fits counts.</param>
/// <param name="PerMinute">Requests, as a rate; up to <paramref name="Burst"/> of them at once.</param>
/// <param name="OpenMax">Requests under way.</param>
/// <param name="TokensPerHour">Quota of prompt and reply tokens together; it refills continuously.</param>
/// <param name="Priority">Who is served first, -10 to 10; requesters of one priority take turns.</param>
public sealed record RequesterRule(
    string Prefix = "", double PerMinute = 0, int Burst = 10, int OpenMax = 0, double TokensPerHour = 0,
    int Priority = 0)
{
    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Validate()
    {
        string where = $"the requester rule for '{Prefix}'";
        if (PerMinute is not (>= 0 and <= 1e6)) return $"{where}: perMinute {PerMinute} is outside 0 to 1000000";
        if (Burst is < 1 or > 100_000) return $"{where}: burst {Burst} is outside 1 to 100000";
        if (OpenMax is < 0 or > 100_000) return $"{where}: openMax {OpenMax} is outside 0 to 100000";
        if (TokensPerHour is not (>= 0 and <= 1e12)) return $"{where}: tokensPerHour is outside 0 to 1e12";
        return Priority is < -10 or > 10 ? $"{where}: priority {Priority} is outside -10 to 10" : null;
    }
}
