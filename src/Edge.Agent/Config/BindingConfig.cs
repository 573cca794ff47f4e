using Edge.Devices;
#if IOTBINDINGS
using Edge.Devices.Iot;
#endif

namespace Edge.Agent.Config;

/// <summary>A chip on an I²C bus that a driver of Iot.Device.Bindings reads.</summary>
/// <param name="Kind">The chip: bme280, ina219.</param>
/// <param name="Bus">Of /dev/i2c-N.</param>
/// <param name="Address">On the bus, decimal: 0x76 is 118.</param>
internal sealed record BindingConfig(string Kind = "", int Bus = 1, int Address = -1)
{
#if IOTBINDINGS
    public static IReadOnlyList<ISensor> Open(BindingConfig chip) =>
        IotBindings.Open(chip.Kind, chip.Bus, chip.Address);

    public string? Problem()
    {
        if (!IotBindings.Kinds.Contains(Kind))
            return $"kind '{Kind}' is not one of {string.Join(", ", IotBindings.Kinds)}";
        if (Bus is < 0 or > 255) return $"bus {Bus} is outside 0 to 255";
        return Address is < 3 or > 119 ? $"address {Address} is outside 3 to 119 (0x03 to 0x77)" : null;
    }
#else
    public static IReadOnlyList<ISensor> Open(BindingConfig _) => [];

    public string Problem() =>
        $"kind '{Kind}' needs an edge that was built with -p:SensorBindings=IotDeviceBindings; where the kernel has a "
        + "driver for the chip (a device tree overlay), its readings come without configuration";
#endif
}
