using System.Globalization;

namespace Edge.Devices.Simulated;

/// <summary>What a sensor measures and how a line of readings writes it. A quantity without a unit is a yes/no
/// sensor.</summary>
internal sealed record Quantity(
    string Name, string Short, string Suffix, string Ucum, int Decimals, double Min, double Max, string Quiet,
    string Alarm)
{
    public static readonly Quantity Temperature = Number("temperature", "temp", "C", "Cel", 1, -45, 110);
    public static readonly Quantity Humidity = Number("humidity", "hum", "%", "%", 0, 2, 99);
    public static readonly Quantity Pressure = Number("pressure", "pressure", "hPa", "hPa", 0, 400, 2600);
    public static readonly Quantity Co2 = Number("co2", "co2", "ppm", "[ppm]", 0, 200, 4900);
    public static readonly Quantity Vibration = Number("vibration", "vib", "mm/s", "mm/s", 1, 0.1, 17.9);
    public static readonly Quantity Battery = Number("battery", "batt", "V", "V", 2, 2.5, 4.2);
    public static readonly Quantity Door = YesNo("door", "closed", "open");
    public static readonly Quantity Motion = YesNo("motion", "no", "yes");
    public static readonly Quantity Leak = YesNo("leak", "no", "yes");

    public bool IsYesNo => Suffix.Length == 0;

    public string Format(double value) =>
        IsYesNo
            ? value != 0 ? Alarm : Quiet
            : value.ToString("F" + Decimals, CultureInfo.InvariantCulture) + Suffix;

    private static Quantity Number(
        string name, string @short, string suffix, string ucum, int decimals, double min, double max) =>
        new(name, @short, suffix, ucum, decimals, min, max, "", "");

    private static Quantity YesNo(string name, string quiet, string alarm) =>
        new(name, name, "", "1", 0, 0, 1, quiet, alarm);
}
