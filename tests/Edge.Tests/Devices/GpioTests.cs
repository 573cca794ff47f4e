using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Edge.Devices;
using Edge.Devices.Firmware;
using Edge.Devices.Gpio;
using Xunit;

namespace Edge.Tests.Devices;

/// <summary>The character devices, with a kernel of our own behind the calls: it checks what the real one checks.
/// </summary>
public sealed unsafe class GpioTests
{
    [Fact]
    public void Abi_SizesAndNumbers_AreTheKernels()
    {
        Assert.Equal(68, sizeof(GpioAbi.ChipInfo));
        Assert.Equal(272, sizeof(GpioAbi.LineConfig));
        Assert.Equal(592, sizeof(GpioAbi.LineRequest));
        Assert.Equal(16, sizeof(GpioAbi.LineValues));
        Assert.Equal(588, (int)Marshal.OffsetOf<GpioAbi.LineRequest>(nameof(GpioAbi.LineRequest.Descriptor)));
        Assert.Equal(288, (int)Marshal.OffsetOf<GpioAbi.LineRequest>(nameof(GpioAbi.LineRequest.Config)));
        // _IOR(0xB4, 1, …), _IOWR(0xB4, 7, …), _IOWR(0xB4, 0xE, …)
        Assert.Equal(2u << 30 | 68u << 16 | 0xB401, GpioAbi.GetChipInfo);
        Assert.Equal(3u << 30 | 592u << 16 | 0xB407, GpioAbi.GetLine);
        Assert.Equal(3u << 30 | 16u << 16 | 0xB40E, GpioAbi.GetValues);
    }

    [Fact]
    public void Read_ChipByLabel_OneRequestThenValues()
    {
        using var tree = Chips(out var kernel, "brcmvirt-gpio", "pinctrl-rp1");
        using var sensor = new GpioSensor(
            new("pinctrl-rp1", 17, "Door", ActiveLow: true, GpioBias.PullUp), tree.Roots.Dev, kernel);
        kernel.Level = 1;
        var reading = sensor.Read();
        Assert.Equal(("Door", 1.0, "1", Quality.Good), (reading.Name, reading.Value, reading.Unit, reading.Quality));
        kernel.Level = 0;
        Assert.Equal(0, sensor.Read().Value);
        var (label, line, flags) = Assert.Single(kernel.Requests);
        Assert.Equal(("pinctrl-rp1", 17u), (label, line));
        Assert.Equal(GpioAbi.FlagInput | GpioAbi.FlagActiveLow | GpioAbi.FlagBiasPullUp, flags);
        sensor.Dispose();
        Assert.Empty(kernel.Open_);
    }

    [Theory]
    [InlineData("no-such-chip", 3, "no-such-chip")]
    [InlineData("pinctrl-rp1", 54, "used by another program")]
    public void Read_ChipOrLineNotThere_BadWithAReason(string chip, int line, string reason)
    {
        using var tree = Chips(out var kernel, "pinctrl-rp1");
        using var sensor = new GpioSensor(new(chip, line), tree.Roots.Dev, kernel);
        Assert.Equal(Quality.Bad, sensor.Read().Quality);
        Assert.Contains(reason, sensor.Problem, StringComparison.Ordinal);
        Assert.Empty(kernel.Open_);
    }

    [Fact]
    public void Read_LineLost_BadThenRequestedAgain()
    {
        using var tree = Chips(out var kernel, "pinctrl-rp1");
        using var sensor = new GpioSensor(new("pinctrl-rp1", 4), tree.Roots.Dev, kernel);
        Assert.True(sensor.Read().IsUsable);
        kernel.Broken = true;
        Assert.False(sensor.Read().IsUsable);
        kernel.Broken = false;
        Assert.True(sensor.Read().IsUsable);
        Assert.Equal(2, kernel.Requests.Count);
    }

    [Fact]
    public void Pmic_RecordedAnswer_SumOfTheRailsThatGiveBoth()
    {
        const string answer =
            "  3V7_WL_SW_A current(0)=0.08101302A\n   VDD_CORE_A current(7)=1.44300000A\n"
            + "    HDMI_A current(22)=0.01319268A\n 3V7_WL_SW_V volt(8)=3.71090400V\n"
            + "   VDD_CORE_V volt(15)=0.72018080V\n    EXT5V_V volt(24)=5.14806000V\n";
        Assert.Equal(0.08101302 * 3.710904 + 1.443 * 0.7201808, PmicPower.Watts(answer)!.Value, 9);
        Assert.Null(PmicPower.Watts("error=1 error_msg=\"Command not registered\""));
    }

    [Fact]
    public void Pmic_FirmwareAnswers_IsEstimatedAndElsewhereAbsent()
    {
        using var tree = new RecordedTree();
        var kernel = new Kernel { Pmic = "VDD_CORE_A current(7)=2.0A\nVDD_CORE_V volt(15)=0.75V\n" };
        Assert.Empty(PmicPower.Discover(tree.Roots.Dev, kernel));
        tree.Write("dev/vcio", "");
        var reading = Assert.Single(PmicPower.Discover(tree.Roots.Dev, kernel)).Read();
        Assert.Equal(("pmic/Power", 1.5, "W", Quality.Estimated),
            (reading.Name, reading.Value, reading.Unit, reading.Quality));
        kernel.Pmic = "";
        Assert.Empty(PmicPower.Discover(tree.Roots.Dev, kernel));
        Assert.Empty(kernel.Open_);
    }

    private static RecordedTree Chips(out Kernel kernel, params string[] labels)
    {
        var tree = new RecordedTree();
        kernel = new Kernel();
        for (int i = 0; i < labels.Length; i++)
        {
            tree.Write($"dev/gpiochip{i}", "");
            kernel.Labels[Path.Combine(tree.Roots.Dev, $"gpiochip{i}")] = labels[i];
        }
        return tree;
    }

    private sealed class Kernel : DeviceCalls
    {
        private const uint Lines = 54;
        private int _next = 10;

        public Dictionary<string, string> Labels { get; } = [];
        public Dictionary<int, string> Open_ { get; } = [];
        public List<(string Label, uint Line, ulong Flags)> Requests { get; } = [];
        public int Level { get; set; }
        public bool Broken { get; set; }
        public string Pmic { get; set; } = "";

        public override int Open(string path)
        {
            Open_[++_next] = Labels.GetValueOrDefault(path, path);
            return _next;
        }

        public override bool Control(int descriptor, uint request, void* argument)
        {
            if (!Open_.TryGetValue(descriptor, out string? opened)) return false;
            switch (request)
            {
                case GpioAbi.GetChipInfo:
                    ref var info = ref Unsafe.AsRef<GpioAbi.ChipInfo>(argument);
                    info.Label.Write(System.Text.Encoding.UTF8.GetBytes(opened));
                    info.Lines = Lines;
                    return true;
                case GpioAbi.GetLine:
                    ref var line = ref Unsafe.AsRef<GpioAbi.LineRequest>(argument);
                    if (line.LineCount != 1 || line.Offsets[0] >= Lines) return false;
                    Requests.Add((opened, line.Offsets[0], line.Config.Flags));
                    line.Descriptor = ++_next;
                    Open_[_next] = "line";
                    return true;
                case GpioAbi.GetValues when opened == "line" && !Broken:
                    ref var values = ref Unsafe.AsRef<GpioAbi.LineValues>(argument);
                    values.Bits = values.Mask & (ulong)Level;
                    return true;
                case 0xC008_6400 when opened.EndsWith("vcio", StringComparison.Ordinal):
                    uint* words = (uint*)argument;
                    var text = new Span<byte>((byte*)argument + 24, 1024);
                    Assert.Equal((0x30080u, 1024u), (words[2], words[3]));
                    Assert.True(text.StartsWith("pmic_read_adc\0"u8));
                    text.Clear();
                    System.Text.Encoding.ASCII.GetBytes(Pmic, text);
                    return true;
                default:
                    return false;
            }
        }

        public override void Close(int descriptor) => Open_.Remove(descriptor);
    }
}
