using Edge.Agent.Config;
using Edge.Devices;
using Edge.Tests.Devices;
using Xunit;

namespace Edge.Tests.Agent.Rules;

/// <summary>Rules on time and on readings of a recorded board.</summary>
public sealed class RuleReadingTests
{
    private const string Temperature = "bme280@1-0076/Temperature";
    private const string Input =
        "sys/devices/platform/axi/1000120000.pcie/1f00074000.i2c/i2c-1/1-0076/iio:device0/in_temp_input";

    private static RuleConfig Moves(double by, string reading = Temperature) => new(
        "moves", new TriggerConfig(Reading: reading, MovesBy: by),
        Prompt: "{{ node }}: temp {{ reading.value }}C, was {{ reading.previous }}, hum "
            + "{{ sensors['bme280@1-0076/RelativeHumidity'].value | round(0) | int }}%",
        Publish: new("verdicts/{{ node }}"));

    [Fact]
    public void Reading_RecordedBoard_FiresWhenItMovedFarEnough()
    {
        using var tree = new RecordedTree("pi5");
        using var inventory = SensorInventory.Discover(tree.Roots, []);
        var bench = new RuleBench([Moves(0.5)], inventory.ReadAll());
        Assert.Empty(To("21370", 10));
        Assert.Empty(To("21600", 10));
        Assert.Equal(["verdicts/shed ← shed: temp 21.87C, was 21.37, hum 45%"], To("21870", 10));
        Assert.Empty(To("21400", 10)); // 0.47 below where it fired.
        Assert.Equal(["verdicts/shed ← shed: temp 21.3C, was 21.87, hum 45%"], To("21300", 10));
        Assert.Empty(To("broken", 10)); // A failed read is no movement, and certainly not one to 0.
        Assert.Empty(To("21300", 10));
        Assert.Empty(bench.Problems);

        IReadOnlyList<string> To(string milliCelsius, double seconds)
        {
            tree.Write(Input, milliCelsius);
            bench.Readings = inventory.ReadAll();
            return bench.Pass(seconds);
        }
    }

    [Fact]
    public void Time_EveryMinute_FiresThenAndNotBetween()
    {
        using var tree = new RecordedTree("pi5");
        using var inventory = SensorInventory.Discover(tree.Roots, []);
        var rule = new RuleConfig(
            "minute", new TriggerConfig(EverySeconds: 60),
            Prompt: "{{ sensors.Illuminance is defined }} {{ sensors.Co2.value | round(0) | int }}ppm",
            Publish: new("verdicts/minute"));
        var bench = new RuleBench([rule], inventory.ReadAll());
        Assert.Empty(bench.Pass(59.9));
        Assert.Equal(["verdicts/minute ← False 812ppm"], bench.Pass(0.2));
        Assert.Equal(60, bench.Pass(3600).Count);
    }

    [Fact]
    public void Reading_ShortNameOfOneSensor_IsThatSensor()
    {
        var bench = new RuleBench([Moves(1, "Pressure")], [Reading.Good("x/Pressure", 1000, "hPa")]);
        bench.Pass(2);
        bench.Readings = [Reading.Good("x/Pressure", 1003, "hPa"),
            Reading.Good("bme280@1-0076/RelativeHumidity", 40.4, "%")];
        Assert.Equal(["verdicts/shed ← shed: temp 1003.0C, was 1000.0, hum 40%"], bench.Pass(2));
    }

    [Theory]
    [InlineData("Voltage", "is no sensor of this machine")]
    [InlineData("Temperature", "could be any of a/Temperature, b/Temperature")]
    public void Reading_UnknownOrAmbiguous_IsToldAtStart(string name, string words)
    {
        var bench = new RuleBench([Moves(1, name)],
            [Reading.Good("a/Temperature", 1, "Cel"), Reading.Good("b/Temperature", 1, "Cel")]);
        Assert.Contains(words, Assert.Single(bench.Problems), StringComparison.Ordinal);
        Assert.Contains("on.reading", bench.Problems[0], StringComparison.Ordinal);
        Assert.Empty(bench.Pass(10));
    }

    [Fact]
    public void Rest_NothingToDo_IsLong() =>
        Assert.True(new RuleBench(
            [new("m", new TriggerConfig(Topic: "a/b"), Prompt: "x", Publish: new("c"))]).Book.Rest()
            > TimeSpan.FromMinutes(30));
}
