using Edge.Devices;
using Edge.Devices.Sysfs;
using Xunit;

namespace Edge.Tests.Devices;

public sealed class IioTests
{
    [Theory]
    [InlineData("pi5", "bme280@1-0076/Temperature", 21.37, "Cel")]
    [InlineData("pi5", "bme280@1-0076/RelativeHumidity", 45.309, "%")]
    [InlineData("pi5", "bme280@1-0076/Pressure", 1008.5390625, "hPa")]
    [InlineData("pi5", "scd41@1-0062/Co2", 812, "[ppm]")]
    [InlineData("pi5", "scd41@1-0062/Temperature", 23.358077, "Cel")]
    [InlineData("pi5", "scd41@1-0062/RelativeHumidity", 44.250491, "%")]
    [InlineData("pi4", "ads1015@1-0048/Voltage0", 3.312, "V")]
    [InlineData("pi4", "ads1015@1-0048/Voltage1", -0.006, "V")]
    [InlineData("pi4", "ads1015@1-0048/Voltage0-1", 3.318, "V")]
    [InlineData("pi4", "bh1750@1-0023/Illuminance", 259.9896, "lx")]
    [InlineData("pi4", "mpu6050@1-0068/AccelerationX", 0.098072, "m/s2")]
    [InlineData("pi4", "mpu6050@1-0068/AccelerationZ", 9.797632, "m/s2")]
    [InlineData("pi4", "mpu6050@1-0068/Temperature", 28.529407, "Cel")]
    public void Discover_RecordedBoard_ReadsInUcumUnits(string board, string name, double value, string unit)
    {
        using var tree = new RecordedTree(board);
        var reading = Assert.Single(Iio.Discover(tree.Roots.Sys), sensor => sensor.Name == name).Read();
        Assert.Equal((value, unit, Quality.Good), (Math.Round(reading.Value, 7 - 1), reading.Unit, reading.Quality),
            new Near());
    }

    [Theory]
    [InlineData("pi5", 6)]
    [InlineData("pi4", 8)]
    public void Discover_SettingsAndUnknownChannels_AreNotSensors(string board, int count)
    {
        using var tree = new RecordedTree(board);
        tree.Write("sys/bus/iio/devices/iio:device9/name", "odd");
        tree.Write("sys/bus/iio/devices/iio:device9/in_flux_raw", "1");
        tree.Write("sys/bus/iio/devices/iio:device9/in_.._raw", "1");
        tree.Write("sys/bus/iio/devices/iio:device9/in__input", "1");
        Assert.Equal(count, Iio.Discover(tree.Roots.Sys).Count);
    }

    [Fact]
    public void Discover_InputAndRaw_TheProcessedValueOnce()
    {
        using var tree = Device(("in_temp_input", "21000"), ("in_temp_raw", "7"), ("in_temp_scale", "0.5"));
        Assert.Equal(21, Assert.Single(Iio.Discover(tree.Roots.Sys)).Read().Value, 6);
    }

    [Fact]
    public void Discover_RawWithoutScaleOrOffset_IsTheValueItself()
    {
        using var tree = Device(("in_voltage3_raw", "1234"));
        var reading = Assert.Single(Iio.Discover(tree.Roots.Sys)).Read();
        Assert.Equal(("odd/Voltage3", 1.234), (reading.Name, Math.Round(reading.Value, 6)));
    }

    [Theory]
    [InlineData("in_temp_raw", "busy")]
    [InlineData("in_temp_offset", "")]
    [InlineData("in_temp_scale", "none")]
    public void Read_OnePartUnusable_IsBadAndNeverZero(string file, string text)
    {
        using var tree = Device(("in_temp_raw", "1"), ("in_temp_offset", "2"), ("in_temp_scale", "3"));
        var sensor = Assert.Single(Iio.Discover(tree.Roots.Sys));
        Assert.Equal(0.009, sensor.Read().Value, 9);
        tree.Write("sys/bus/iio/devices/iio:device0/" + file, text);
        var reading = sensor.Read();
        Assert.Equal((Quality.Bad, true), (reading.Quality, double.IsNaN(reading.Value)));
    }

    [Fact]
    public void ReadAll_WholeBoard_EveryNameOnceAndInOneOrder()
    {
        using var tree = new RecordedTree("pi5");
        using var inventory = SensorInventory.Discover(tree.Roots, [new("pinctrl-rp1", 17, "door")], simulatedSeed: 1);
        var names = inventory.ReadAll().Select(r => r.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.Equal(names, inventory.ReadAll().Select(r => r.Name));
        string[] some = ["thermal/cpu-thermal", "firmware/Throttled", "bme280@1-0076/Temperature", "door"];
        Assert.Empty(some.Except(names));
        // The door's chip is not in the tree: there, and bad.
        Assert.Equal(["door"], inventory.ReadAll().Where(r => !r.IsUsable).Select(r => r.Name));
    }

    private static RecordedTree Device(params (string File, string Text)[] files)
    {
        var tree = new RecordedTree();
        tree.Write("sys/bus/iio/devices/iio:device0/name", "odd");
        foreach (var (file, text) in files) tree.Write("sys/bus/iio/devices/iio:device0/" + file, text);
        return tree;
    }

    private sealed class Near : IEqualityComparer<(double, string, Quality)>
    {
        public bool Equals((double, string, Quality) x, (double, string, Quality) y) =>
            Math.Abs(x.Item1 - y.Item1) < 2e-6 && (x.Item2, x.Item3) == (y.Item2, y.Item3);

        public int GetHashCode((double, string, Quality) obj) => 0;
    }
}
