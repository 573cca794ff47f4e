namespace Edge.Devices.Gpio;

/// <summary>One input line through the character device: 1 or 0, after active-low. The line is requested at the first
/// read and kept; where that fails (no such chip, line taken by another), the next read tries again.</summary>
public sealed unsafe class GpioSensor : ISensor, IDisposable
{
    private const int ChipsMax = 32;
    private const int Closed = -1;

    private readonly GpioLine _line;
    private readonly string _root;
    private readonly DeviceCalls _calls;
    private int _descriptor = Closed;

    /// <param name="line">What to read.</param>
    /// <param name="root">Where the devices are; the machine's is "/dev".</param>
    public GpioSensor(GpioLine line, string root = "/dev") : this(line, root, DeviceCalls.Real) { }

    internal GpioSensor(GpioLine line, string root, DeviceCalls calls)
    {
        if (line.Line < 0) throw new ArgumentException($"gpio line {line.Line} is below 0", nameof(line));
        (_line, _root, _calls) = (line, root, calls);
    }

    public string Name => _line.ReadingName;

    /// <summary>Why the last read was bad; null after a good one.</summary>
    public string? Problem { get; private set; }

    public Reading Read()
    {
        if (_descriptor == Closed && !Request()) return Reading.Bad(Name, "1");
        var values = new GpioAbi.LineValues { Mask = 1 };
        if (_calls.Control(_descriptor, GpioAbi.GetValues, &values))
        {
            Problem = null;
            return Reading.Good(Name, values.Bits & 1, "1");
        }
        Problem = $"line {_line.Line} of {_line.Chip} cannot be read any more";
        Dispose();
        return Reading.Bad(Name, "1");
    }

    public void Dispose()
    {
        if (_descriptor != Closed) _calls.Close(_descriptor);
        _descriptor = Closed;
    }

    private bool Request()
    {
        int chip = OpenChip();
        if (chip == Closed)
        {
            Problem = $"no GPIO chip with the label '{_line.Chip}' below {_root} may be opened; " +
                "'gpiodetect' lists labels, and the user must be in the group gpio";
            return false;
        }
        var request = new GpioAbi.LineRequest { LineCount = 1 };
        request.Offsets[0] = (uint)_line.Line;
        request.Consumer.Write("edge"u8);
        request.Config.Flags = GpioAbi.FlagInput | (_line.ActiveLow ? GpioAbi.FlagActiveLow : 0) | _line.Bias switch
        {
            GpioBias.PullUp => GpioAbi.FlagBiasPullUp,
            GpioBias.PullDown => GpioAbi.FlagBiasPullDown,
            GpioBias.Disabled => GpioAbi.FlagBiasDisabled,
            _ => 0,
        };
        bool granted = _calls.Control(chip, GpioAbi.GetLine, &request);
        _calls.Close(chip); // The line has a descriptor of its own.
        if (granted) _descriptor = request.Descriptor;
        else Problem = $"line {_line.Line} of {_line.Chip} is not there or is used by another program";
        return granted;
    }

    private int OpenChip()
    {
        foreach (string path in Sysfs.SysfsFile.Files(_root, "gpiochip*").Take(ChipsMax))
        {
            int descriptor = _calls.Open(path);
            if (descriptor < 0) continue;
            var info = new GpioAbi.ChipInfo();
            if (_calls.Control(descriptor, GpioAbi.GetChipInfo, &info) && info.Label.Read() == _line.Chip)
                return descriptor;
            _calls.Close(descriptor);
        }
        return Closed;
    }
}
