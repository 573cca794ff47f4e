using System.Diagnostics;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class RequesterLimitsTests
{
    private static long At(double seconds) => 1 + (long)(seconds * Stopwatch.Frequency);

    [Theory]
    [InlineData("clients/me/rsp/7", "clients/me")]
    [InlineData("clients/me", "clients/me")]
    [InlineData("edgeai/v1/node/n/cmd/chat/rsp", "edgeai/v1/node/n/cmd/chat/rsp")]
    public void RequesterOf_ReplyTopic_IsTheClient(string topic, string requester) =>
        Assert.Equal(requester, RequesterLimits.RequesterOf(topic));

    [Fact]
    public void RuleOf_SeveralFit_TheLongestCounts()
    {
        var limits = new RequesterLimits([new("", Priority: 1), new("clients/a", Priority: 3),
            new("clients/", Priority: 2)]);
        Assert.Equal((3, 2, 1), (limits.RuleOf("clients/ab/x").Priority, limits.RuleOf("clients/b").Priority,
            limits.RuleOf("other").Priority));
        Assert.Equal(0, new RequesterLimits([new("x/", Priority: 5)]).RuleOf("y/z").Priority);
    }

    [Fact]
    public void Charge_Rate_AllowsTheBurstThenTheRate()
    {
        var rule = new RequesterRule("", PerMinute: 60, Burst: 3);
        var limits = new RequesterLimits([rule]);
        for (int i = 0; i < 3; i++) Assert.Null(limits.Charge("a", rule, 0, At(0)));
        Assert.Equal(ProblemCode.QueueFull, limits.Charge("a", rule, 0, At(0.5))!.Code);
        Assert.Null(limits.Charge("b", rule, 0, At(0.5)));
        Assert.Null(limits.Charge("a", rule, 0, At(1.1)));
        Assert.NotNull(limits.Charge("a", rule, 0, At(1.1)));
    }

    [Fact]
    public void Charge_Quota_IsSpentByAnswersAndRefills()
    {
        var rule = new RequesterRule("", TokensPerHour: 3600);
        var limits = new RequesterLimits([rule]);
        Assert.Null(limits.Charge("a", rule, 0, At(0)));
        limits.Spend("a", 3700);
        var refusal = limits.Charge("a", rule, 0, At(10))!;
        Assert.Contains("3600 tokens an hour", refusal.Detail);
        Assert.InRange(refusal.RetryAfterSeconds!.Value, 91, 92);
        Assert.Null(limits.Charge("a", rule, 0, At(102)));
    }

    [Fact]
    public void Charge_OpenMax_CountsWhatIsUnderWay()
    {
        var rule = new RequesterRule("", OpenMax: 2);
        var limits = new RequesterLimits([rule]);
        Assert.Null(limits.Charge("a", rule, 1, At(0)));
        Assert.NotNull(limits.Charge("a", rule, 2, At(0)));
    }

    [Fact]
    public void Charge_ManyStrangers_KeepsABoundedTable()
    {
        var rule = new RequesterRule("", PerMinute: 1, Burst: 1);
        var limits = new RequesterLimits([rule]);
        for (int i = 0; i < 3000; i++) Assert.Null(limits.Charge($"s{i}", rule, 0, At(i * 0.001)));
        // The latest are still known.
        Assert.NotNull(limits.Charge("s2999", rule, 0, At(3)));
    }
}
