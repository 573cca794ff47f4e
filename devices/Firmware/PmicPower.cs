using System.Globalization;
using System.Text;

namespace Edge.Devices.Firmware;

/// <summary>What a Raspberry Pi 5 draws, as its power chip measures it rail by rail. Estimated: what is wired past the
/// rails (USB, HATs on 5 V, the chip's own losses) is not in the sum.
/// Source: the firmware's general command pmic_read_adc through /dev/vcio, as vcgencmd asks it.</summary>
public sealed unsafe class PmicPower : ISensor
{
    private const uint MailboxProperty = 0xC008_6400;
    private const uint GeneralCommand = 0x0003_0080;
    private const int AnswerBytes = 1024, HeaderWords = 6;

    private readonly string _device;
    private readonly DeviceCalls _calls;

    private PmicPower(string device, DeviceCalls calls) => (_device, _calls) = (device, calls);

    public string Name => "pmic/Power";

    /// <summary>The sensor where the firmware answers with rails; none elsewhere. <paramref name="root"/>: where the
    /// devices are; the machine's is "/dev".</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/dev") => Discover(root, DeviceCalls.Real);

    internal static IReadOnlyList<ISensor> Discover(string root, DeviceCalls calls)
    {
        string device = Path.Combine(root, "vcio");
        if (!File.Exists(device)) return [];
        var sensor = new PmicPower(device, calls);
        return sensor.Read().IsUsable ? [sensor] : [];
    }

    public Reading Read() =>
        Ask("pmic_read_adc"u8) is { } text && Watts(text) is { } watts
            ? Reading.Estimated(Name, watts, "W")
            : Reading.Bad(Name, "W");

    /// <summary>The sum of volts × amperes over the rails that give both; null where none does. Lines are such as
    /// "   VDD_CORE_A current(7)=1.44300000A" and "   VDD_CORE_V volt(15)=0.72018080V".</summary>
    internal static double? Watts(string answer)
    {
        var volts = new Dictionary<string, double>();
        var amperes = new Dictionary<string, double>();
        foreach (string line in answer.Split('\n'))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.Length < 2 || parts[0].Length < 3 || parts[1].IndexOf('=') is not (> 0 and var equals)) continue;
            var rails = parts[0].EndsWith("_A", StringComparison.Ordinal) ? amperes
                : parts[0].EndsWith("_V", StringComparison.Ordinal) ? volts : null;
            if (rails is not null && double.TryParse(parts[1].AsSpan(equals + 1).TrimEnd("AV\0"), NumberStyles.Float,
                CultureInfo.InvariantCulture, out double value))
                rails[parts[0][..^2]] = value;
        }
        double? watts = null;
        foreach (var (rail, current) in amperes)
            if (volts.TryGetValue(rail, out double volt)) watts = (watts ?? 0) + current * volt;
        return watts;
    }

    private string? Ask(ReadOnlySpan<byte> command)
    {
        int descriptor = _calls.Open(_device);
        if (descriptor < 0) return null;
        Span<uint> words = stackalloc uint[HeaderWords + AnswerBytes / sizeof(uint) + 1];
        words.Clear();
        (words[0], words[2], words[3]) = ((uint)words.Length * sizeof(uint), GeneralCommand, AnswerBytes);
        var text = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words[HeaderWords..^1]);
        command.CopyTo(text);
        bool answered;
        fixed (uint* message = words) answered = _calls.Control(descriptor, MailboxProperty, message);
        _calls.Close(descriptor);
        int end = text.IndexOf((byte)0);
        return answered && words[5] == 0 ? Encoding.ASCII.GetString(end < 0 ? text : text[..end]) : null;
    }
}
