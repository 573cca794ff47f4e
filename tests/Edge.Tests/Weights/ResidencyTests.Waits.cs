using Edge.Weights;
using Edge.Weights.Policies;
using Xunit;

namespace Edge.Tests.Weights;

/// <summary>Who waits for a while only.</summary>
public sealed unsafe partial class ResidencyTests
{
    [Fact]
    public void WaitAny_NothingComesInTime_SaysSoAndTheSliceComesLater()
    {
        using var gate = new ManualResetEventSlim();
        using var residency = Make(2, null, new FaultyStorage(_file.Path) { OnRead = (_, _, _) => gate.Wait() });
        int slice = CacheShape.Hi(3);
        residency.Want(slice, ReadPriority.Demand);
        Assert.Equal(-1, residency.WaitAny([slice], TimeSpan.FromMilliseconds(5)));
        Assert.True(residency.Statistics.StallMicros > 0);
        residency.Demote(slice);
        gate.Set();
        Assert.Equal(0, residency.WaitAny([slice], TimeSpan.FromMinutes(1)));
        residency.Pin(slice);
        AssertHolds(residency, 3);
    }

    [Fact]
    public void Demote_SliceThatFailsThen_FailsNobody()
    {
        using var gate = new ManualResetEventSlim();
        var storage = new FaultyStorage(_file.Path)
        {
            OnRead = (_, _, _) =>
            {
                gate.Wait();
                throw new IOException("broken");
            },
        };
        using var residency = Make(2, null, storage);
        residency.Want(CacheShape.Hi(3), ReadPriority.Demand);
        residency.Demote(CacheShape.Hi(3));
        gate.Set();
        residency.AwaitLanding(0);
        Assert.False(residency.IsComing(CacheShape.Hi(3)));
    }
}
