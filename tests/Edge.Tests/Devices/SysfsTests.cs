using Edge.Devices;
using Edge.Devices.Sysfs;
using Xunit;

namespace Edge.Tests.Devices;

public sealed class SysfsTests
{
    private static string Board(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Edge.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests/golden/sysfs", name);
    }

    private static Reading Only(IEnumerable<ISensor> sensors, string name) =>
        Assert.Single(sensors, sensor => sensor.Name == name).Read();

    [Fact]
    public void ThermalZones_RaspberryPi5_ReadInCelsius()
    {
        var sensors = ThermalZones.Discover(Board("pi5"));
        var reading = Only(sensors, "thermal/cpu-thermal");
        Assert.Single(sensors);
        Assert.Equal((51.6, "Cel", Quality.Good), (Math.Round(reading.Value, 6), reading.Unit, reading.Quality));
        Assert.True(reading.MonoNs > 0);
    }

    [Theory]
    [InlineData("cpu_thermal@thermal_zone0/temp1", 52.15, "Cel")]
    [InlineData("rp1_adc@1f000c8000.adc/temp1", 49.812, "Cel")]
    [InlineData("rp1_adc@1f000c8000.adc/in2", 2.543, "V")]
    [InlineData("pwmfan@cooling_fan/fan1", 3172, "{rev}/min")]
    public void Hwmon_RaspberryPi5_KeyedByChipAndDevice(string name, double value, string unit)
    {
        var reading = Only(Hwmon.Discover(Board("pi5")), name);
        Assert.Equal((value, unit, Quality.Good), (Math.Round(reading.Value, 6), reading.Unit, reading.Quality));
    }

    [Fact]
    public void Hwmon_AlarmAndControlFiles_AreNotSensors() =>
        Assert.Equal(7, Hwmon.Discover(Board("pi5")).Count);

    [Fact]
    public void Hwmon_LabelledCurrentAndPower_ScaledAndNamed()
    {
        using var tree = new TemporaryTree();
        tree.Write("class/hwmon/hwmon7/name", "ina226");
        tree.Write("class/hwmon/hwmon7/curr1_input", "-1250");
        tree.Write("class/hwmon/hwmon7/power1_input", "6250000");
        tree.Write("class/hwmon/hwmon7/power1_label", "board");
        var sensors = Hwmon.Discover(tree.Root);
        Assert.Equal(-1.25, Only(sensors, "ina226/curr1").Value, 6);
        Assert.Equal(("W", 6.25), (Only(sensors, "ina226/board").Unit, Only(sensors, "ina226/board").Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("n/a")]
    [InlineData("99999999999999999999999")]
    public void Read_UnusableText_IsBadAndNeverZero(string text)
    {
        using var tree = new TemporaryTree();
        tree.Write("class/thermal/thermal_zone0/type", "soc");
        tree.Write("class/thermal/thermal_zone0/temp", text);
        var reading = Only(ThermalZones.Discover(tree.Root), "thermal/soc");
        Assert.Equal(Quality.Bad, reading.Quality);
        Assert.True(double.IsNaN(reading.Value));
    }

    [Fact]
    public void Read_FileVanishesAfterDiscovery_IsBadThenGoodAgain()
    {
        using var tree = new TemporaryTree();
        tree.Write("class/thermal/thermal_zone0/type", "soc");
        tree.Write("class/thermal/thermal_zone0/temp", "40000");
        var sensor = Assert.Single(ThermalZones.Discover(tree.Root));
        File.Delete(Path.Combine(tree.Root, "class/thermal/thermal_zone0/temp"));
        Assert.Equal(Quality.Bad, sensor.Read().Quality);
        tree.Write("class/thermal/thermal_zone0/temp", "41000");
        Assert.Equal(41, sensor.Read().Value, 6);
    }

    [Fact]
    public void Read_FaultFlagSet_IsBad()
    {
        using var tree = new TemporaryTree();
        tree.Write("class/hwmon/hwmon0/name", "tc");
        tree.Write("class/hwmon/hwmon0/temp1_input", "20000");
        tree.Write("class/hwmon/hwmon0/temp1_fault", "1");
        Assert.Equal(Quality.Bad, Assert.Single(Hwmon.Discover(tree.Root)).Read().Quality);
    }

    [Fact]
    public void Read_FileLongerThanAnAttribute_IsBad()
    {
        using var tree = new TemporaryTree();
        tree.Write("class/hwmon/hwmon0/name", "x");
        tree.Write("class/hwmon/hwmon0/temp1_input", new string('1', 5000));
        Assert.Equal(Quality.Bad, Assert.Single(Hwmon.Discover(tree.Root)).Read().Quality);
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
        using var tree = new TemporaryTree();
        foreach (int i in new[] { 0, 1 })
        {
            tree.Write($"class/thermal/thermal_zone{i}/type", "cpu");
            tree.Write($"class/thermal/thermal_zone{i}/temp", $"{30000 + i}");
        }
        Assert.Equal(["thermal/cpu", "thermal/cpu#2"], ThermalZones.Discover(tree.Root).Select(s => s.Name));
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("50005", true)]
    [InlineData("50000", false)]
    public void IsThrottled_Bits_OnlyThoseOfNowCount(string bits, bool expected)
    {
        using var tree = new TemporaryTree();
        tree.Write("devices/platform/soc/soc:firmware/get_throttled", bits);
        Assert.Equal(expected, Throttling.IsThrottled(tree.Root));
    }

    [Fact]
    public void IsThrottled_RaspberryPi5AndNoFirmware_FalseAndUnknown()
    {
        Assert.False(Throttling.IsThrottled(Board("pi5")));
        Assert.Null(Throttling.IsThrottled("/nonexistent"));
    }

    private sealed class TemporaryTree : IDisposable
    {
        public string Root { get; } = Directory.CreateTempSubdirectory("edge-sysfs-").FullName;

        public void Write(string path, string text)
        {
            string full = Path.Combine(Root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text + "\n");
        }

        public void Dispose() => Directory.Delete(Root, recursive: true);
    }
}
