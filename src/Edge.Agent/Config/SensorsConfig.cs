using Edge.Devices;
using Edge.Devices.Gpio;

namespace Edge.Agent.Config;

/// <summary>The sensors of the machine itself.</summary>
/// <param name="SysfsRoot">Where the kernel shows them; another tree is for tests.</param>
/// <param name="DevRoot">Where its character devices are.</param>
/// <param name="Gpio">The GPIO lines to read.</param>
/// <param name="Bindings">Chips that the kernel does not drive; only in an edge that was built with
/// Iot.Device.Bindings.</param>
/// <param name="SimulatedSeed">Adds simulated places, the same for the same seed; absent: none.</param>
internal sealed record SensorsConfig(
    bool Enabled = true,
    string SysfsRoot = "/sys",
    string DevRoot = "/dev",
    GpioConfig[]? Gpio = null,
    BindingConfig[]? Bindings = null,
    int? SimulatedSeed = null)
{
    private const int LinesMax = 64;

    // A method: the binder would look into a property.
    public SensorInventory Discover() => SensorInventory.Discover(
        Enabled ? new SensorRoots(SysfsRoot, DevRoot) : null,
        Enabled ? [.. (Gpio ?? []).Select(line => line.ToLine())] : [], SimulatedSeed,
        Enabled ? [.. (Bindings ?? []).SelectMany(BindingConfig.Open)] : []);

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem()
    {
        var lines = Gpio ?? [];
        if (lines.Length > LinesMax) return $"sensors.gpio has {lines.Length} lines; at most {LinesMax} can be read";
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Problem() is { } problem) return $"sensors.gpio[{i}].{problem}";
        var chips = Bindings ?? [];
        if (chips.Length > LinesMax) return $"sensors.bindings has {chips.Length} chips; the most is {LinesMax}";
        for (int i = 0; i < chips.Length; i++)
            if (chips[i].Problem() is { } problem) return $"sensors.bindings[{i}].{problem}";
        return null;
    }
}

/// <summary>One GPIO line.</summary>
/// <param name="Chip">The chip's label, as gpiodetect shows it: pinctrl-rp1, pinctrl-bcm2711.</param>
/// <param name="Line">Its offset on the chip; on a Raspberry Pi the GPIO number.</param>
/// <param name="Name">The reading's name; absent: chip/line.</param>
/// <param name="Bias">as-is, pull-up, pull-down or disabled.</param>
internal sealed record GpioConfig(
    string Chip = "", int Line = -1, string? Name = null, bool ActiveLow = false, string Bias = "as-is")
{
    private static readonly string[] Biases = ["as-is", "pull-up", "pull-down", "disabled"];

    public GpioLine ToLine() => new(Chip, Line, Name, ActiveLow, (GpioBias)Array.IndexOf(Biases, Bias));

    public string? Problem()
    {
        if (Chip.Length is 0 or > 31) return "chip is missing; name its label, such as pinctrl-rp1 (see gpiodetect)";
        if (Line is < 0 or > 1023) return $"line {Line} is outside 0 to 1023";
        if (Name is { Length: 0 or > 128 }) return "name must have 1 to 128 characters";
        if (!Biases.Contains(Bias)) return $"bias '{Bias}' is not one of {string.Join(", ", Biases)}";
        return null;
    }
}
