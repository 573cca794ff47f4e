using Edge.Devices;
using Edge.Devices.Sysfs;
using Xunit;

namespace Edge.Tests.Devices;

public sealed class SysfsTests
{
    private static Reading Only(IEnumerable<ISensor> sensors, string name) =>
        Assert.Single(sensors, sensor => sensor.Name == name).Read();

    [Fact]
    public void ThermalZones_RaspberryPi5_ReadInCelsius()
    {
        using var tree = new RecordedTree("pi5");
        var sensors = ThermalZones.Discover(tree.Roots.Sys);
        var reading = Only(sensors, "thermal/cpu-thermal");
        Assert.Single(sensors);
        Assert.Equal((51.6, "Cel", Quality.Good), (Math.Round(reading.Value, 6), reading.Unit, reading.Quality));
        Assert.True(reading.MonoNs > 0);
    }

    [Theory]
    [InlineData("cpu_thermal@thermal_zone0/Temperature", 52.15, "Cel")]
    [InlineData("rp1_adc@1f000c8000.adc/Temperature", 49.812, "Cel")]
    [InlineData("rp1_adc@1f000c8000.adc/Voltage2", 2.543, "V")]
    [InlineData("ina219@1-0040/ShuntVoltage", 0.012, "V")]
    [InlineData("ina219@1-0040/BusVoltage", 5.068, "V")]
    [InlineData("ina219@1-0040/Current", 1.234, "A")]
    [InlineData("ina219@1-0040/Power", 6.26, "W")]
    [InlineData("pwmfan@cooling_fan/FanSpeed", 3172, "{rev}/min")]
    public void Hwmon_RaspberryPi5_KeyedByChipAndDevice(string name, double value, string unit)
    {
        using var tree = new RecordedTree("pi5");
        var reading = Only(Hwmon.Discover(tree.Roots.Sys), name);
        Assert.Equal((value, unit, Quality.Good), (Math.Round(reading.Value, 6), reading.Unit, reading.Quality));
    }

    [Fact]
    public void Hwmon_AlarmAndControlFiles_AreNotSensors()
    {
        using var tree = new RecordedTree("pi5");
        Assert.Equal(11, Hwmon.Discover(tree.Roots.Sys).Count);
    }

    [Fact]
    public void Hwmon_LabelledCurrentAndPower_ScaledAndNamed()
    {
        using var tree = new RecordedTree();
        tree.Write("sys/class/hwmon/hwmon7/name", "ina226");
        tree.Write("sys/class/hwmon/hwmon7/curr1_input", "-1250");
        tree.Write("sys/class/hwmon/hwmon7/power1_input", "6250000");
        tree.Write("sys/class/hwmon/hwmon7/power1_label", "board");
        var sensors = Hwmon.Discover(tree.Roots.Sys);
        Assert.Equal(-1.25, Only(sensors, "ina226/Current").Value, 6);
        Assert.Equal(("W", 6.25), (Only(sensors, "ina226/board").Unit, Only(sensors, "ina226/board").Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("n/a")]
    [InlineData("99999999999999999999999")]
    public void Read_UnusableText_IsBadAndNeverZero(string text)
    {
        using var tree = new RecordedTree();
        tree.Write("sys/class/thermal/thermal_zone0/type", "soc");
        tree.Write("sys/class/thermal/thermal_zone0/temp", text);
        var reading = Only(ThermalZones.Discover(tree.Roots.Sys), "thermal/soc");
        Assert.Equal(Quality.Bad, reading.Quality);
        Assert.True(double.IsNaN(reading.Value));
    }

    [Fact]
    public void Read_FileVanishesAfterDiscovery_IsBadThenGoodAgain()
    {
        using var tree = new RecordedTree();
        tree.Write("sys/class/thermal/thermal_zone0/type", "soc");
        tree.Write("sys/class/thermal/thermal_zone0/temp", "40000");
        var sensor = Assert.Single(ThermalZones.Discover(tree.Roots.Sys));
        File.Delete(Path.Combine(tree.Roots.Sys, "class/thermal/thermal_zone0/temp"));
        Assert.Equal(Quality.Bad, sensor.Read().Quality);
        tree.Write("sys/class/thermal/thermal_zone0/temp", "41000");
        Assert.Equal(41, sensor.Read().Value, 6);
    }

    [Fact]
    public void Read_FaultFlagSet_IsBad()
    {
        using var tree = new RecordedTree();
        tree.Write("sys/class/hwmon/hwmon0/name", "tc");
        tree.Write("sys/class/hwmon/hwmon0/temp1_input", "20000");
        tree.Write("sys/class/hwmon/hwmon0/temp1_fault", "1");
        Assert.Equal(Quality.Bad, Assert.Single(Hwmon.Discover(tree.Roots.Sys)).Read().Quality);
    }

    [Fact]
    public void Read_FileLongerThanAnAttribute_IsBad()
    {
        using var tree = new RecordedTree();
        tree.Write("sys/class/hwmon/hwmon0/name", "x");
        tree.Write("sys/class/hwmon/hwmon0/temp1_input", new string('1', 5000));
        Assert.Equal(Quality.Bad, Assert.Single(Hwmon.Discover(tree.Roots.Sys)).Read().Quality);
    }

    [Fact]
    public void Discover_NoSuchTree_IsEmpty()
    {
        Assert.Empty(ThermalZones.Discover("/nonexistent"));
        Assert.Empty(Hwmon.Discover("/nonexistent"));
    }

    [Fact]
    public void ThermalZones_TwoOfOneType_HaveDifferentNames()
    {
        using var tree = new RecordedTree();
        foreach (int i in new[] { 0, 1 })
        {
            tree.Write($"sys/class/thermal/thermal_zone{i}/type", "cpu");
            tree.Write($"sys/class/thermal/thermal_zone{i}/temp", $"{30000 + i}");
        }
        Assert.Equal(["thermal/cpu", "thermal/cpu#2"], ThermalZones.Discover(tree.Roots.Sys).Select(s => s.Name));
    }

    [Fact]
    public void ThrottlingState_RaspberryPi4WithAWeakSupply_SaysWhatAndSinceWhen()
    {
        using var tree = new RecordedTree("pi4");
        var state = Throttling.Read(tree.Roots.Sys)!.Value;
        Assert.Equal("under_voltage,throttled", state.Now);
        Assert.Equal((true, "under_voltage,throttled"), (state.WasSinceBoot, state.SinceBoot));
        Assert.Equal(1, Assert.Single(Throttling.Discover(tree.Roots.Sys)).Read().Value);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("50005", true)]
    [InlineData("50000", false)]
    public void IsThrottled_Bits_OnlyThoseOfNowCount(string bits, bool expected)
    {
        using var tree = new RecordedTree();
        tree.Write("sys/devices/platform/soc/soc:firmware/get_throttled", bits);
        Assert.Equal(expected, Throttling.IsThrottled(tree.Roots.Sys));
    }

    [Fact]
    public void IsThrottled_RaspberryPi5AndNoFirmware_FalseAndUnknown()
    {
        using var tree = new RecordedTree("pi5");
        Assert.False(Throttling.IsThrottled(tree.Roots.Sys));
        Assert.Null(Throttling.IsThrottled("/nonexistent"));
    }
}
