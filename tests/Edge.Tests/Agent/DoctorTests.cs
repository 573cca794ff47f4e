using Edge.Agent;
using Edge.Agent.Config;
using Edge.Agent.Doctor;
using Edge.Tests.Devices;
using Edge.Tests.EndToEnd;
using Edge.Tests.Mqtt;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class DoctorTests
{
    [Fact]
    public void Run_RecordedBoardWithModelAndBroker_FindsAndMeasures()
    {
        using var tree = new RecordedTree("pi4");
        tree.Write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids");
        tree.Write("sys/fs/cgroup/memory.max", "536870912");
        using var broker = new Broker();
        var report = new Examination(tree.Roots, 1).Run(NativeEdge.Model, new MqttConfig(Port: broker.Port));
        Assert.Equal(("pi4", "Raspberry Pi 4 Model B Rev 1.4"), (report.Board.Profile, report.Board.Model));
        Assert.Equal((3884340L * 1024, 3310020L * 1024, 102396L * 1024),
            (report.Memory.TotalBytes, report.Memory.AvailableBytes, report.Memory.SwapBytes));
        Assert.Equal((536870912L, true), (report.Memory.CgroupLimitBytes, report.Memory.CgroupController));
        Assert.True(report.Memory.BytesPerSecond > 1e8);
        Assert.Equal((true, "under_voltage,throttled"), (report.Thermal.Throttled, report.Thermal.ThrottledNow));
        Assert.Equal(48.7, report.Thermal.AfterC);
        Assert.Equal(600, Assert.Single(report.Thermal.Clocks).Mhz);
        Assert.True(report.Broker.Reachable);
        Assert.Contains("bh1750@1-0023/Illuminance", report.Sensors);
        var model = Assert.Single(report.Models);
        Assert.True(model.Fits);
        Assert.Equal(report.Memory.BytesPerSecond / model.BytesPerToken, model.RooflineTokensPerSecond, 1.0);
        // Not one against the other: on a busy machine the second measurement may be the luckier one.
        Assert.True(model.MeasuredTokensPerSecond!.Value > 1 && model.RooflineTokensPerSecond > 1);
        Assert.Contains(report.Advice, advice => advice.Contains("supply was too weak", StringComparison.Ordinal));
        Assert.Contains(report.Advice, advice => advice.Contains("swap is on", StringComparison.Ordinal));
        Assert.Contains(report.Advice, advice => advice.Contains("512 MiB", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Advice, advice => advice.Contains("broker", StringComparison.Ordinal));
    }

    [Fact]
    public void OfClasses_AvailableMemory_DecidesWhatFits()
    {
        var models = ModelFit.OfClasses(availableBytes: 4L << 30, memoryBytesPerSecond: 9e9).ToList();
        Assert.Equal([true, true, true, false, false], models.Select(m => m.Fits));
        // 4 × 10⁹ parameters of 4.5 bits are 2.25 GB a token.
        Assert.Equal(4, models[2].RooflineTokensPerSecond, 0.01);
        Assert.True(models[4].RooflineTokensPerSecond > models[3].RooflineTokensPerSecond);
    }

    [Fact]
    public void StorageSpeed_FileOnThisDisk_RateOrReason()
    {
        var (rate, why) = StorageSpeed.Measure(NativeEdge.Model);
        Assert.True(rate > 1e6 || why is { Length: > 10 });
        Assert.Null(StorageSpeed.Measure("/nonexistent").BytesPerSecond);
    }
}
