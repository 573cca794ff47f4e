namespace Edge.Devices.Gpio;

public enum GpioBias { AsIs, PullUp, PullDown, Disabled }

/// <summary>Which line, and how it is read.</summary>
/// <param name="Chip">The chip's label, such as pinctrl-rp1 (Raspberry Pi 5) or pinctrl-bcm2711 (4): numbers of
/// /dev/gpiochipN change, labels do not.</param>
/// <param name="Line">Offset of the line on its chip; on a Raspberry Pi the GPIO number.</param>
/// <param name="Name">Name of the reading; absent: chip/line.</param>
public sealed record GpioLine(
    string Chip, int Line, string? Name = null, bool ActiveLow = false, GpioBias Bias = GpioBias.AsIs)
{
    public string ReadingName => Name ?? $"{Chip}/{Line}";
}
