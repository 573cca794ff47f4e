using System.Device.I2c;

namespace Edge.Devices.Iot;

/// <summary>Chips on an I²C bus that the kernel does not drive, by the drivers of Iot.Device.Bindings. Where the kernel
/// has a driver it is the better choice: it is found without configuration, and any number of programs can read
/// it.</summary>
public static class IotBindings
{
    /// <summary>A new chip is a new line here. Only bindings that answer within milliseconds: a reading waits for
    /// them.</summary>
    private static readonly Dictionary<string, Func<Func<I2cDevice>, IotChip>> Chips = new()
    {
        ["bme280"] = bus => new Bme280Chip(bus),
        ["ina219"] = bus => new Ina219Chip(bus),
    };

    public static IReadOnlyList<string> Kinds => [.. Chips.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The chip's sensors, named as the kernel's driver would have them; the chip itself is looked for at the
    /// first reading, and again while it is not there. Errors: KeyNotFoundException for a kind that is not in
    /// <see cref="Kinds"/>.</summary>
    public static IReadOnlyList<ISensor> Open(string kind, int bus, int address) =>
        Open(kind, bus, address, () => I2cDevice.Create(new I2cConnectionSettings(bus, address)));

    /// <summary>The same on any bus.</summary>
    public static IReadOnlyList<ISensor> Open(string kind, int bus, int address, Func<I2cDevice> open)
    {
        var chip = Chips[kind](open);
        return [.. chip.Channels.Select((channel, index) =>
            new IotSensor(chip, index, $"{kind}@{bus}-{address:x4}/{channel.Name}", channel.Unit))];
    }
}
