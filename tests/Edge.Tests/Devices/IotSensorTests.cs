#if IOTBINDINGS
using System.Device.I2c;
using Edge.Devices;
using Edge.Devices.Iot;
using Xunit;

namespace Edge.Tests.Devices;

/// <summary>The same contract for the optional bindings, on chips that answer as their datasheets say; compiled with
/// -p:SensorBindings=IotDeviceBindings.</summary>
public sealed class IotSensorTests : SensorContract
{
    private readonly FakeBus _bme = FakeBus.Bme280(), _ina = FakeBus.Ina219();

    protected override IReadOnlyList<ISensor> Discover() =>
    [
        .. IotBindings.Open("bme280", 1, 0x76, () => _bme.Open()),
        .. IotBindings.Open("ina219", 1, 0x40, () => _ina.Open()),
    ];

    protected override void Plug(bool isIn) => _bme.IsIn = _ina.IsIn = isIn;

    private ISensor Of(string name) => Discover().Single(sensor => sensor.Name == name);

    /// <summary>The example of Bosch's datasheet (BMP280, 3.12), which has the same compensation.</summary>
    [Fact]
    public void Bme280_OfTheDatasheetsExample_GivesItsValues()
    {
        Assert.Equal(25.08, Of("bme280@1-0076/Temperature").Read().Value, 2);
        Assert.Equal(1006.53, Of("bme280@1-0076/Pressure").Read().Value, 2);
        Assert.InRange(Of("bme280@1-0076/RelativeHumidity").Read().Value, 0, 100);
    }

    [Fact]
    public void Ina219_RegistersOfAKnownLoad_GiveVoltsAmperesAndWatts()
    {
        Assert.Equal((5.1, "V"), (Math.Round(Of("ina219@1-0040/BusVoltage").Read().Value, 4), "V"));
        Assert.Equal(0.8, Of("ina219@1-0040/Current").Read().Value, 4);
        Assert.Equal(4.08, Of("ina219@1-0040/Power").Read().Value, 3);
    }

    [Fact]
    public void Read_ChipThatWasAway_IsClosedAndOpenedAgainAfterAPauseOnly()
    {
        _bme.IsIn = false;
        var sensor = Of("bme280@1-0076/Temperature");
        for (int i = 0; i < 10; i++) Assert.Equal(Quality.Bad, sensor.Read().Quality);
        Assert.Equal((1, 0), (_bme.Opened, _bme.StillOpen));
    }

    [Fact]
    public void Kinds_EveryOne_Opens() =>
        Assert.All(IotBindings.Kinds, kind => Assert.NotEmpty(IotBindings.Open(kind, 1, 1, () => _bme.Open())));

    /// <summary>Registers behind an address pointer, as both chips have them: 8 or 16 bits wide.</summary>
    private sealed class FakeBus(int width)
    {
        private readonly byte[] _registers = new byte[256 * width];

        public bool IsIn { get; set; } = true;
        public int Opened { get; private set; }
        public int StillOpen { get; private set; }

        public I2cDevice Open()
        {
            Opened++;
            StillOpen++;
            return new Device(this);
        }

        private void Put(int register, params byte[] values) => values.CopyTo(_registers, register * width);

        public static FakeBus Bme280()
        {
            var bus = new FakeBus(1);
            bus.Put(0xD0, 0x60);
            int[] trim = [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
            for (int i = 0; i < trim.Length; i++) bus.Put(0x88 + 2 * i, (byte)trim[i], (byte)(trim[i] >> 8));
            bus.Put(0xA1, 75);
            bus.Put(0xE1, 0x6E, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E);
            const int pressure = 415148, temperature = 519888;
            bus.Put(0xF7, pressure >> 12, pressure >> 4 & 255, (pressure & 15) << 4);
            bus.Put(0xFA, temperature >> 12, temperature >> 4 & 255, (temperature & 15) << 4);
            bus.Put(0xFD, 0x6A, 0x00);
            return bus;
        }

        public static FakeBus Ina219()
        {
            var bus = new FakeBus(2);
            const int volts = 5100 / 4 << 3, amperes = 8000, watts = 2040;
            bus.Put(2, volts >> 8, volts & 255);
            bus.Put(3, watts >> 8, watts & 255);
            bus.Put(4, amperes >> 8, amperes & 255);
            return bus;
        }

        private sealed class Device(FakeBus bus) : I2cDevice
        {
            private int _at;

            public override I2cConnectionSettings ConnectionSettings { get; } = new(1, 1);

            public override void Read(Span<byte> buffer)
            {
                Require();
                for (int i = 0; i < buffer.Length; i++) buffer[i] = bus._registers[_at + i];
            }

            public override void Write(ReadOnlySpan<byte> buffer)
            {
                Require();
                _at = buffer[0] * bus.Width;
                // The configuration and calibration registers may be written, and a forced measurement is over at once.
                bool isForced = bus.Width == 1 && buffer[0] == 0xF4;
                if (buffer.Length > 1 && !isForced) buffer[1..].CopyTo(bus._registers.AsSpan(_at));
            }

            public override void WriteRead(ReadOnlySpan<byte> writeBuffer, Span<byte> readBuffer)
            {
                Write(writeBuffer);
                Read(readBuffer);
            }

            protected override void Dispose(bool disposing)
            {
                bus.StillOpen--;
                base.Dispose(disposing);
            }

            private void Require()
            {
                if (!bus.IsIn) throw new IOException("no acknowledgement on the bus");
            }
        }

        private int Width => width;
    }
}
#endif
