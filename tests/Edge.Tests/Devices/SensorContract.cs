using Edge.Devices;
using Edge.Devices.Sysfs;
using Xunit;

namespace Edge.Tests.Devices;

/// <summary>What every sensor promises, wherever its values come from. A new source is a new subclass.</summary>
public abstract class SensorContract
{
    // UCUM codes that docs/integrations and Home Assistant's table know.
    private static readonly string[] Units =
        ["Cel", "%", "hPa", "[ppm]", "V", "A", "W", "lx", "m", "mm/s", "{rev}/min", "ug/m3", "m/s2", "1"];

    /// <summary>The same hardware again.</summary>
    protected abstract IReadOnlyList<ISensor> Discover();

    /// <summary>The hardware goes, or comes back.</summary>
    protected abstract void Plug(bool isIn);

    [Fact]
    public void Names_OfOneMachine_AreUniqueAndTheSameAgain()
    {
        var names = Discover().Select(sensor => sensor.Name).ToList();
        Assert.NotEmpty(names);
        Assert.Distinct(names);
        Assert.Equal(names, Discover().Select(sensor => sensor.Name));
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9_.@:+/-]+/[A-Z][A-Za-z0-9-]*$", name));
    }

    [Fact]
    public void Read_Working_IsGoodInAKnownUnit()
    {
        foreach (var sensor in Discover())
        {
            var reading = sensor.Read();
            Assert.Equal((sensor.Name, Quality.Good), (reading.Name, reading.Quality));
            Assert.True(double.IsFinite(reading.Value), sensor.Name);
            Assert.Contains(reading.Unit, Units);
            Assert.True(sensor.Read().MonoNs >= reading.MonoNs, "time went back");
        }
    }

    [Fact]
    public void Read_HardwareGone_IsBadAndNeverZeroNorAnException()
    {
        var sensors = Discover();
        var units = sensors.Select(sensor => sensor.Read().Unit).ToList();
        Plug(isIn: false);
        for (int i = 0; i < sensors.Count; i++)
        {
            var reading = sensors[i].Read();
            Assert.Equal((Quality.Bad, units[i], true), (reading.Quality, reading.Unit, double.IsNaN(reading.Value)));
            Assert.False(reading.IsUsable);
        }
    }
}

/// <summary>The kernel's own drivers, on a recorded board.</summary>
public sealed class SysfsSensorContractTests : SensorContract, IDisposable
{
    private readonly RecordedTree _tree = new("pi5");

    public void Dispose() => _tree.Dispose();

    protected override IReadOnlyList<ISensor> Discover() => Iio.Discover(_tree.Roots.Sys);

    protected override void Plug(bool isIn) => Directory.Delete(_tree.Roots.Sys, recursive: true);
}
