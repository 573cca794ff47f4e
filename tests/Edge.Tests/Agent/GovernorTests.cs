using Edge.Agent.Service;
using Edge.Devices.Boards;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class GovernorTests
{
    private static readonly BoardThermal Limits = new(80, 85, 110);

    [Theory]
    [InlineData(60.0, false, "Full", 4, true)]
    [InlineData(74.9, false, "Full", 4, true)]
    [InlineData(75.0, false, "Eased", 3, false)]
    [InlineData(80.0, null, "Held", 2, false)]
    [InlineData(50.0, true, "Held", 2, false)]
    [InlineData(null, true, "Held", 2, false)]
    [InlineData(null, null, "Full", 4, true)]
    public void Look_FromCool_LevelThreadsAndSpeculation(
        double? celsius, bool? throttled, string level, int threads, bool speculation)
    {
        var governor = new Governor(Limits, 4);
        Assert.Equal(level != "Full", governor.Look(celsius, throttled));
        Assert.Equal((level, threads, speculation),
            (governor.Level.ToString(), governor.Threads, governor.Effort.Speculation));
    }

    [Fact]
    public void Look_CoolingDown_OneLevelAtATimeAndOnlyWhenItStays()
    {
        var governor = new Governor(Limits, 4);
        Assert.True(governor.Look(81, false));
        // A degree below the limit is not cool enough: the level would flutter.
        for (int i = 0; i < 50; i++) Assert.False(governor.Look(79, false));
        foreach (double celsius in new[] { 76, 76, 76, 79.5, 76, 76, 76 }) Assert.False(governor.Look(celsius, false));
        Assert.True(governor.Look(76, false));
        Assert.Equal(GovernorLevel.Eased, governor.Level);
        for (int i = 0; i < 50; i++) Assert.False(governor.Look(74, false));
        for (int i = 0; i < 3; i++) Assert.False(governor.Look(60, false));
        Assert.True(governor.Look(60, false));
        Assert.Equal((GovernorLevel.Full, 4), (governor.Level, governor.Threads));
    }

    [Fact]
    public void Threads_OneCore_KeepsOne()
    {
        var governor = new Governor(Limits, 1);
        governor.Look(90, true);
        Assert.Equal(1, governor.Threads);
    }
}
