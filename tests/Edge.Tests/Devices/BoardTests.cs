using System.Runtime.InteropServices;
using Edge.Devices.Boards;
using Xunit;

namespace Edge.Tests.Devices;

public sealed class BoardTests
{
    [Fact]
    public void Profiles_AllOfThem_AreCompleteAndPlausible()
    {
        Assert.Equal(7, BoardProfile.All.Count);
        foreach (var board in BoardProfile.All)
        {
            Assert.True(File.Exists(Path.Combine(
                House.Repository.Root, "devices/boards", board.Name, "board.json")), board.Name);
            Assert.True(board.Thermal.SoftC < board.Thermal.ThrottleC
                && board.Thermal.ThrottleC < board.Thermal.CriticalC, board.Name);
            if (board.Match.Count == 0) continue;
            Assert.NotEmpty(board.Clusters);
            Assert.InRange(board.Memory.UsualReadGbPerSecond, 0.5, board.Memory.PeakGbPerSecond);
            Assert.NotEmpty(board.Storage);
        }
    }

    [Theory]
    [InlineData("pi5", "pi5", "Raspberry Pi 5 Model B Rev 1.0")]
    [InlineData("pi4", "pi4", "Raspberry Pi 4 Model B Rev 1.4")]
    public void Detect_RecordedBoard_ByDeviceTree(string tree, string name, string model)
    {
        using var recorded = new RecordedTree(tree);
        var board = Board.Detect(recorded.Roots);
        Assert.Equal((name, model), (board.Profile.Name, board.Model));
    }

    [Theory]
    [InlineData("Raspberry Pi Zero 2 W Rev 1.0", "pi-zero-2w")]
    [InlineData("Radxa ROCK 5B", "rock5b")]
    [InlineData("NVIDIA Jetson Orin Nano Developer Kit", "jetson-orin-nano")]
    [InlineData("Raspberry Pi 3 Model B Rev 1.2", "generic-arm64")]
    public void Detect_ModelInCpuinfo_ByItsBeginning(string model, string name)
    {
        using var tree = new RecordedTree();
        tree.Write("proc/cpuinfo", $"processor\t: 0\nmodel name\t: other\n\nModel\t\t: {model}");
        Assert.Equal(name, Board.Detect(tree.Roots, Architecture.Arm64).Profile.Name);
    }

    [Fact]
    public void Detect_NothingKnown_IsTheArchitecturesProfile()
    {
        using var tree = new RecordedTree();
        Assert.Equal("generic-x64", Board.Detect(tree.Roots, Architecture.X64).Profile.Name);
        Assert.Null(Board.Detect(tree.Roots, Architecture.X64).Model);
    }

    [Fact]
    public void Clocks_RecordedBoard_InMegahertz()
    {
        using var tree = new RecordedTree("pi4");
        Assert.Equal(new CpuClock("0 1 2 3", "ondemand", 600, 1500, 1500), Assert.Single(Board.Clocks(tree.Roots)));
    }

    [Fact]
    public void PassiveTrip_SeveralTrips_TheLowestPassive()
    {
        using var tree = new RecordedTree("pi5");
        Assert.Null(Board.PassiveTripC(tree.Roots));
        tree.Write("sys/devices/virtual/thermal/thermal_zone0/trip_point_1_type", "passive");
        tree.Write("sys/devices/virtual/thermal/thermal_zone0/trip_point_1_temp", "75000");
        tree.Write("sys/devices/virtual/thermal/thermal_zone0/trip_point_2_type", "passive");
        tree.Write("sys/devices/virtual/thermal/thermal_zone0/trip_point_2_temp", "85000");
        Assert.Equal(75, Board.PassiveTripC(tree.Roots));
    }
}
