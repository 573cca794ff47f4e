using static Edge.Devices.Simulated.Limits;
using static Edge.Devices.Simulated.Quantity;

namespace Edge.Devices.Simulated;

/// <summary>A sensor of a kind of place. <paramref name="Alarm"/> is what a yes/no sensor's alarm means
/// there.</summary>
internal sealed record PlaceSensor(Quantity Quantity, Limits Limits, Severity Alarm)
{
    public Severity Judge(double value) =>
        Quantity.IsYesNo ? (value != 0 ? Alarm : Severity.Ok) : Limits.Judge(value);
}

/// <summary>The eight kinds of place that the demo model knows, with the limits of its card (MODEL.md, "Training
/// data").</summary>
internal sealed record PlaceKind(string[] Locations, PlaceSensor[] Sensors)
{
    public static readonly PlaceKind[] All =
    [
        new(["cold store", "cold store 1", "cold store 2", "cold store 3", "cold store 4"],
        [
            Of(Temperature, -3, -1, 2.5, 4), Of(Humidity, 50, 65, 90, 96), Of(Battery, 3.0, 3.3, None, None),
            Of(Door, Severity.Warning), Of(Motion, Severity.Ok),
        ]),
        new(["freezer", "freezer 1", "freezer 2", "freezer 3"],
        [
            Of(Temperature, -34, -28, -16, -10), Of(Humidity, None, None, 70, 85), Of(Battery, 3.1, 3.4, None, None),
            Of(Door, Severity.Critical), Of(Motion, Severity.Ok),
        ]),
        new(["greenhouse 1", "greenhouse 2", "greenhouse 3", "greenhouse 4", "greenhouse 5"],
        [
            Of(Temperature, 5, 14, 32, 40), Of(Humidity, 25, 40, 85, 95), Of(Co2, None, None, 1500, 3000),
            Of(Battery, 3.0, 3.3, None, None), Of(Leak, Severity.Warning), Of(Door, Severity.Ok),
        ]),
        new(["server rack A", "server rack B", "server rack C", "server rack D"],
        [
            Of(Temperature, 5, 12, 30, 38), Of(Humidity, 10, 25, 60, 80), Of(Vibration, None, None, 2, 5),
            Of(Door, Severity.Warning), Of(Motion, Severity.Warning), Of(Leak, Severity.Critical),
        ]),
        new(["boiler room", "boiler room 1", "boiler room 2"],
        [
            Of(Temperature, 2, 8, 45, 60), Of(Pressure, 700, 900, 1600, 2000), Of(Co2, None, None, 1000, 2500),
            Of(Vibration, None, None, 4.5, 7), Of(Leak, Severity.Critical),
        ]),
        new(["workshop", "workshop north", "workshop south"],
        [
            Of(Temperature, 3, 10, 33, 42), Of(Vibration, None, None, 6, 11), Of(Co2, None, None, 1200, 3000),
            Of(Humidity, None, None, 75, 90), Of(Motion, Severity.Ok), Of(Door, Severity.Ok),
        ]),
        new(["office", "office 1", "office 2", "office 3", "office 4"],
        [
            Of(Temperature, 10, 17, 27, 35), Of(Humidity, 15, 30, 65, 85), Of(Co2, None, None, 1000, 2000),
            Of(Battery, 3.0, 3.3, None, None), Of(Leak, Severity.Critical), Of(Motion, Severity.Ok),
        ]),
        new(["pump house", "pump house east", "pump house west"],
        [
            Of(Temperature, 1, 4, 40, 55), Of(Pressure, 600, 800, 1400, 1800), Of(Vibration, None, None, 3.5, 6.5),
            Of(Battery, 3.1, 3.4, None, None), Of(Leak, Severity.Critical), Of(Door, Severity.Warning),
        ]),
    ];

    private static PlaceSensor Of(
        Quantity q, double lowCritical, double lowWarning, double highWarning, double highCritical) =>
        new(q, new Limits(lowCritical, lowWarning, highWarning, highCritical), Severity.Ok);

    private static PlaceSensor Of(Quantity q, Severity alarm) => new(q, default, alarm);
}
