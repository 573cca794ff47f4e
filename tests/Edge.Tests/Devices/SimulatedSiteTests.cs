using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Devices;
using Edge.Devices.Simulated;
using Xunit;

namespace Edge.Tests.Devices;

public sealed class SimulatedSiteTests
{
    private static List<SimulatedReport> Reports(int seed, int count)
    {
        var site = new SimulatedSite(seed);
        return [.. Enumerable.Range(0, count).Select(_ => site.Next())];
    }

    [Fact]
    public void Next_SameSeed_SameLines()
    {
        Assert.Equal(Reports(7, 100).Select(r => r.Line), Reports(7, 100).Select(r => r.Line));
        Assert.NotEqual(Reports(7, 100).Select(r => r.Line), Reports(8, 100).Select(r => r.Line));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Next_OverTime_EverySeverityOccursOften(int seed)
    {
        var counts = Reports(seed, 400).CountBy(r => r.Worst).ToDictionary();
        foreach (var severity in Enum.GetValues<Severity>()) Assert.True(counts.GetValueOrDefault(severity) > 40);
    }

    [Fact]
    public void Next_AnyLine_IsInOneOfTheModelsStyles()
    {
        const string sensor =
            @"(temp[ =]-?\d+\.\dC|hum[ =]\d+%|pressure[ =]\d+hPa|co2[ =]\d+ppm|vib[ =]\d+\.\dmm/s|batt[ =]\d\.\d\dV)" +
            @"( rising| falling)?|door[ =](open|closed)|motion[ =](yes|no)|leak[ =](yes|no)";
        var style = new Regex(
            $@"^(loc=[^;]+(; ({sensor}))+|[^|:]+( \| ({sensor}))+|[^|:]+: ({sensor})(, ({sensor}))*)$");
        var lines = Enumerable.Range(1, 10).SelectMany(seed => Reports(seed, 100)).Select(r => r.Line).ToList();
        Assert.All(lines, line => Assert.Matches(style, line));
        Assert.Contains(lines, line => line.StartsWith("loc=", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(" | ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("rising", StringComparison.Ordinal));
    }

    [Fact]
    public void Next_Values_DriftInsteadOfJumping()
    {
        var site = new SimulatedSite(5);
        var place = site.Places[0];
        var names = place.Sensors.Select(s => s.Name).ToList();
        var steps = Enumerable.Range(0, 200).Select(_ => place.Next().Readings).ToList();
        Assert.All(steps, readings => Assert.Equal(names, readings.Select(r => r.Name)));
        // Half of the way to the target at most, so consecutive values are often close and never identical for ever.
        Assert.True(steps.Select(readings => readings[0].Value).Distinct().Count() > 1
            || steps.Select(readings => readings[1].Value).Distinct().Count() > 1);
    }

    [Theory]
    [InlineData(4.0, Severity.Warning)]
    [InlineData(4.1, Severity.Critical)]
    [InlineData(2.5, Severity.Ok)]
    [InlineData(-1.1, Severity.Warning)]
    [InlineData(-3.1, Severity.Critical)]
    public void Judge_AtALimit_OnlyStrictlyBeyondCounts(double value, Severity expected) =>
        Assert.Equal(expected, new Limits(-3, -1, 2.5, 4).Judge(value));

    [Fact]
    public void Judge_MissingLimit_NeverTriggers() =>
        Assert.Equal(Severity.Ok, new Limits(Limits.None, Limits.None, 70, 85).Judge(-1e9));

    [Fact]
    public void SchemaJson_Embedded_NamesTheVerdictsFields()
    {
        using var schema = JsonDocument.Parse(SensorVerdict.SchemaJson);
        Assert.Equal(
            ["status", "sensor", "reason", "action"],
            schema.RootElement.GetProperty("required").EnumerateArray().Select(e => e.GetString()!));
    }
}
