using System.Diagnostics;

namespace Edge.Mqtt;

/// <summary>Rate and quota per requester, by the rule that fits it. Any thread. MQTT does not tell who published, so
/// the reply topic names the requester: its first two levels (`clients/me`), else the whole topic.</summary>
internal sealed class RequesterLimits(IReadOnlyList<RequesterRule> rules)
{
    private const int RequestersMax = 1024;
    private static readonly RequesterRule s_none = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Account> _accounts = [];

    private sealed class Account
    {
        public double Requests, Tokens;
        public long At;
    }

    public static string RequesterOf(string replyTopic)
    {
        if (!replyTopic.StartsWith(ReplyTopics.ClientsPrefix, StringComparison.Ordinal)) return replyTopic;
        int end = replyTopic.IndexOf('/', ReplyTopics.ClientsPrefix.Length);
        return end < 0 ? replyTopic : replyTopic[..end];
    }

    public RequesterRule RuleOf(string replyTopic)
    {
        var best = s_none;
        foreach (var rule in rules)
            if (replyTopic.StartsWith(rule.Prefix, StringComparison.Ordinal)
                && (ReferenceEquals(best, s_none) || rule.Prefix.Length > best.Prefix.Length)) best = rule;
        return best;
    }

    /// <summary>Counts one request, or says why it is one too many. <paramref name="open"/>: how many of this requester
    /// are under way.</summary>
    public Problem? Charge(string requester, RequesterRule rule, int open, long now)
    {
        if (rule.OpenMax > 0 && open >= rule.OpenMax)
            return Refuse($"'{requester}' has {open} requests under way; its limit is {rule.OpenMax}", 5);
        if (rule is { PerMinute: 0, TokensPerHour: 0 }) return null;
        lock (_gate)
        {
            var account = Of(requester, rule, now);
            if (rule.TokensPerHour > 0 && account.Tokens <= 0)
                return Refuse($"'{requester}' has used its {rule.TokensPerHour:0} tokens an hour",
                    (1 - account.Tokens) * 3600 / rule.TokensPerHour);
            if (rule.PerMinute <= 0) return null;
            if (account.Requests < 1)
                return Refuse($"'{requester}' may ask {rule.PerMinute:0.##} times a minute",
                    (1 - account.Requests) * 60 / rule.PerMinute);
            account.Requests--;
            return null;
        }
    }

    /// <summary>Takes what an answer has cost from the quota; it may go below zero.</summary>
    public void Spend(string requester, int tokens)
    {
        lock (_gate)
            if (_accounts.TryGetValue(requester, out var account)) account.Tokens -= tokens;
    }

    private Account Of(string requester, RequesterRule rule, long now)
    {
        if (!_accounts.TryGetValue(requester, out var account))
        {
            // A stranger's full account says nothing that a new one would not.
            if (_accounts.Count >= RequestersMax) _accounts.Remove(_accounts.MinBy(a => a.Value.At).Key);
            _accounts[requester] = account = new() { Requests = rule.Burst, Tokens = rule.TokensPerHour, At = now };
        }
        double seconds = Math.Max(0, Stopwatch.GetElapsedTime(account.At, now).TotalSeconds);
        account.Requests = Math.Min(rule.Burst, account.Requests + seconds * rule.PerMinute / 60);
        account.Tokens = Math.Min(rule.TokensPerHour, account.Tokens + seconds * rule.TokensPerHour / 3600);
        account.At = now;
        return account;
    }

    private static Problem Refuse(string why, double seconds) =>
        new(ProblemCode.QueueFull, why + "; try again later", RetryAfterSeconds: Math.Max(1, Math.Ceiling(seconds)));
}
