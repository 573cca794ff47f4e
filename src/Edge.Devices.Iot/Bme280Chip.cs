using System.Device.I2c;
using Iot.Device.Bmxx80;

namespace Edge.Devices.Iot;

/// <summary>Bosch BME280: temperature, pressure, humidity. A forced measurement, so that the chip sleeps between
/// readings and does not warm itself.</summary>
internal sealed class Bme280Chip(Func<I2cDevice> bus) : IotChip(bus)
{
    public override IReadOnlyList<(string Name, string Unit)> Channels { get; } =
        [("Temperature", "Cel"), ("Pressure", "hPa"), ("RelativeHumidity", "%")];

    protected override IDisposable Start(I2cDevice device) => new Bme280(device);

    protected override double?[] Measure(IDisposable driver)
    {
        var result = ((Bme280)driver).Read();
        return [result.Temperature?.DegreesCelsius, result.Pressure?.Hectopascals, result.Humidity?.Percent];
    }
}
