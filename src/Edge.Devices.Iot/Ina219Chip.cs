using System.Device.I2c;
using Iot.Device.Adc;

namespace Edge.Devices.Iot;

/// <summary>Texas Instruments INA219: supply voltage, current and power, with the 0.1 Ω shunt of the usual
/// modules.</summary>
internal sealed class Ina219Chip(Func<I2cDevice> bus) : IotChip(bus)
{
    // Datasheet, equation 1: 0.04096 / (LSB × shunt); 0.1 mA and 0.1 Ω reach ±3.2 A.
    private const ushort Calibration = 4096;
    private const float CurrentLsb = 0.0001f;

    public override IReadOnlyList<(string Name, string Unit)> Channels { get; } =
        [("BusVoltage", "V"), ("Current", "A"), ("Power", "W")];

    protected override IDisposable Start(I2cDevice device)
    {
        var chip = new Ina219(device);
        chip.SetCalibration(Calibration, CurrentLsb);
        return new Both(chip, device);
    }

    protected override double?[] Measure(IDisposable driver)
    {
        var chip = ((Both)driver).Chip;
        return [chip.ReadBusVoltage().Volts, chip.ReadCurrent().Amperes, chip.ReadPower().Watts];
    }

    // This driver leaves the device that it was given open.
    private sealed record Both(Ina219 Chip, I2cDevice Device) : IDisposable
    {
        public void Dispose()
        {
            Chip.Dispose();
            Device.Dispose();
        }
    }
}
