using Edge.Agent.Service;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class LivenessTests
{
    private long _count;
    private bool _works;

    private Liveness Parts() => new(("idle", () => 7, () => false), ("tokens", () => _count, () => _works));

    [Fact]
    public void Stuck_WorkWithoutMovement_NamesThePartAtTheSecondLook()
    {
        var parts = Parts();
        _works = true;
        Assert.Null(parts.Stuck());
        Assert.Equal("tokens", parts.Stuck());
        Assert.Equal("tokens", parts.Stuck());
        _count++;
        Assert.Null(parts.Stuck());
    }

    [Fact]
    public void Stuck_WorkThatCameBetweenLooks_GetsOneLookToMove()
    {
        var parts = Parts();
        Assert.Null(parts.Stuck());
        _works = true;
        Assert.Null(parts.Stuck());
        _works = false;
        Assert.Null(parts.Stuck());
        _works = true;
        Assert.Null(parts.Stuck());
    }
}
