using Xunit;

namespace Edge.Tests.Packaging;

/// <summary>The looks at a new release: what is healthy, what is too early to say, what is taken back.</summary>
public sealed class VerifyTests : IDisposable
{
    private const string Kept = "var/lib/edge-agent-release/";
    private const string Back = "systemctl start --no-block edge-agent-rollback.service";
    private readonly PackageRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Look_HealthyRelease_PassesAndIsTestedOnce()
    {
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.Contains("100.0 tokens/s", _root.Read(Kept + "passed"), StringComparison.Ordinal);
        Assert.Single(_root.Calls, c => c.StartsWith("edge selftest", StringComparison.Ordinal));
        Assert.DoesNotContain(Back, _root.Calls);
    }

    [Fact]
    public void Look_SelftestFailsTwice_IsTakenBackWithTheReason()
    {
        _root.Write("selftest", "files: 2 as packaged\nedge: golden prompt: the reply is another\n");
        _root.Write("selftest-fails", "");
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.DoesNotContain(Back, _root.Calls);
        Assert.Equal(1, _root.Run("verify").Code);
        Assert.Contains(Back, _root.Calls);
        Assert.Equal("golden prompt: the reply is another\n", _root.Read(Kept + "reason"));
    }

    [Fact]
    public void Look_SelftestFailsOnce_IsForgotten()
    {
        _root.Write("selftest-fails", "");
        _root.Run("verify");
        File.Delete(_root.At("selftest-fails"));
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.False(_root.Exists(Kept + "doubt"));
        Assert.DoesNotContain(Back, _root.Calls);
    }

    [Fact]
    public void Look_ServiceThatIsNotWell_HasTenMinutesAndIsTakenBack()
    {
        _root.Write(Kept + "online", "");
        _root.Write("health", "{}\nedge: the service does not reach its broker; its log says why\n");
        _root.Write("health-fails", "");
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.False(_root.Exists(Kept + "passed"));
        Assert.Contains(_root.Calls, c => c.StartsWith("edge health", StringComparison.Ordinal)
            && c.EndsWith("--ready --online", StringComparison.Ordinal));
        _root.Write(Kept + "looks", "9\n");
        Assert.Equal(1, _root.Run("verify").Code);
        Assert.Contains(Back, _root.Calls);
        Assert.Equal("after 10 minutes: the service does not reach its broker; its log says why\n",
            _root.Read(Kept + "reason"));
        Assert.Single(_root.Calls, c => c.StartsWith("edge selftest", StringComparison.Ordinal));
    }

    [Fact]
    public void Look_BrokerThatWasAwayForAWhile_IsForgiven()
    {
        _root.Write(Kept + "online", "");
        _root.Write("health-fails", "");
        Assert.Equal(0, _root.Run("verify").Code);
        File.Delete(_root.At("health-fails"));
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.Contains("health: {\"ready\":true}", _root.Read(Kept + "passed"), StringComparison.Ordinal);
        Assert.DoesNotContain(Back, _root.Calls);
    }

    [Fact]
    public void Look_ReleaseThatFollowsOneWithoutABroker_NeedNotBeOnline()
    {
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.True(_root.Exists(Kept + "passed"));
        Assert.DoesNotContain(_root.Calls, c => c.Contains("--online", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("failed", "0", "1", "the service failed")]
    [InlineData("active", "3", "4", "restarted 3 times in 5 minutes")]
    [InlineData("activating", "0", "9", "still starting after 10 minutes")]
    public void Look_ServiceThatDoesNotLive_IsTakenBack(string state, string restarts, string looks, string reason)
    {
        _root.Write("is-active", state + "\n");
        _root.Write("restarts", restarts + "\n");
        _root.Write(Kept + "looks", looks + "\n");
        Assert.Equal(1, _root.Run("verify").Code);
        Assert.Contains(Back, _root.Calls);
        Assert.Contains(reason, _root.Read(Kept + "reason"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("activating")] // A large model is still being read.
    [InlineData("inactive")] // The operator stopped it.
    public void Look_ServiceThatMayBeFine_IsLeftAlone(string state)
    {
        _root.Write("is-active", state + "\n");
        _root.Write("selftest-fails", "");
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.DoesNotContain(Back, _root.Calls);
    }

    [Theory]
    [InlineData("active")]
    [InlineData("inactive")]
    public void Look_FifteenthTime_IsTheLast(string state)
    {
        _root.Write("is-active", state + "\n");
        _root.Write(Kept + "looks", "14\n");
        Assert.Equal(0, _root.Run("verify").Code);
        Assert.Contains("systemctl stop edge-agent-verify.timer", _root.Calls);
        Assert.False(_root.Exists(Kept + "looks")); // After a restart of the machine nothing is looked at.
    }
}
