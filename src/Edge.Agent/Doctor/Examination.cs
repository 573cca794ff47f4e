using System.Globalization;
using Edge.Agent.Config;
using Edge.Agent.Fleet;
using Edge.Devices;
using Edge.Devices.Boards;
using Edge.Devices.Gpio;
using Edge.Devices.Sysfs;
using Edge.Models;

namespace Edge.Agent.Doctor;

/// <summary>Finds out what this machine is, what it can do, and what holds it back.</summary>
internal sealed class Examination(SensorRoots roots, int threads)
{
    private static readonly TimeSpan BrokerLimit = TimeSpan.FromSeconds(3);

    public DoctorReport Run(string? modelPath, MqttConfig broker)
    {
        var board = Board.Detect(roots);
        double? before = Temperature();
        var clocks = new List<CpuClock>();
        double bandwidth = UnderLoad(clocks);
        var memory = Memory(board.Profile, bandwidth);
        var storage = Storage(board.Profile, modelPath);
        DoctorModel[] models = modelPath is null
            ? [.. ModelFit.OfClasses(memory.AvailableBytes, bandwidth)]
            : [ModelFit.OfFile(modelPath, memory.AvailableBytes, bandwidth)];
        var state = Throttling.Read(roots.Sys);
        var report = new DoctorReport
        {
            Board = new DoctorBoard(
                board.Profile.Name, board.Profile.Title, board.Model, CpuModel.Name, Environment.ProcessorCount,
                KernelSet.Choose(null).Name, threads),
            Memory = memory,
            Storage = storage,
            Thermal = new DoctorThermal(
                before, Temperature(), board.Profile.Thermal.SoftC, state?.IsNow, state?.Now, state?.SinceBoot,
                [.. clocks.Select(c => new DoctorClock(c.Cpus, c.Governor, c.CurrentMhz, c.LimitMhz, c.MaxMhz))]),
            Broker = Ask(broker),
            Models = models,
            Sensors = [.. Sensors()],
            Advice = [],
        };
        return report with { Advice = [.. DoctorAdvice.For(report, state)] };
    }

    private IEnumerable<string> Sensors()
    {
        using var inventory = SensorInventory.Discover(roots, Array.Empty<GpioLine>());
        return inventory.Sensors.Select(sensor => sensor.Name);
    }

    // The clocks are looked at while every core is busy: idle ones always look healthy.
    private double UnderLoad(List<CpuClock> clocks)
    {
        double rate = 0;
        var load = new Thread(() => rate = MemoryBandwidth.Best(threads));
        load.Start();
        do
        {
            var now = Board.Clocks(roots);
            if (clocks.Count == 0 || Total(now) > Total(clocks))
            {
                clocks.Clear();
                clocks.AddRange(now);
            }
        }
        while (!load.Join(TimeSpan.FromMilliseconds(50)));
        return rate;
    }

    private static double Total(IReadOnlyList<CpuClock> clocks)
    {
        double mhz = 0;
        foreach (var clock in clocks) mhz += clock.CurrentMhz;
        return mhz;
    }

    private DoctorMemory Memory(BoardProfile profile, double bandwidth)
    {
        string cgroup = Path.Combine(roots.Sys, "fs/cgroup");
        bool controller = Text(Path.Combine(cgroup, "cgroup.controllers"))?.Split(' ').Contains("memory") == true;
        long? limit = long.TryParse(
            Text(Path.Combine(cgroup, "memory.max")), NumberStyles.None, CultureInfo.InvariantCulture, out long max)
            ? max : null;
        string meminfo = Path.Combine(roots.Proc, "meminfo");
        return new DoctorMemory(
            ProcessStatus.Kibibytes(meminfo, "MemTotal:"), ProcessStatus.Kibibytes(meminfo, "MemAvailable:"),
            ProcessStatus.Kibibytes(meminfo, "SwapTotal:"), limit, controller, Math.Round(bandwidth),
            profile.Memory.UsualReadGbPerSecond > 0 ? profile.Memory.UsualReadGbPerSecond * 1e9 : null);
    }

    private static DoctorStorage Storage(BoardProfile profile, string? modelPath)
    {
        // Without a model, our own binary lies on the same storage more often than not.
        string path = modelPath ?? Environment.ProcessPath ?? "/proc/self/exe";
        var (rate, why) = StorageSpeed.Measure(path);
        return new DoctorStorage(path, rate is { } r ? Math.Round(r) : null, why,
            [.. profile.Storage.Select(s => $"{s.Kind}: {s.ReadMbPerSecond:F0} MB/s")]);
    }

    private double? Temperature()
    {
        double hottest = double.NegativeInfinity;
        foreach (var zone in ThermalZones.Discover(roots.Sys))
            if (zone.Read() is { IsUsable: true } reading) hottest = Math.Max(hottest, reading.Value);
        return double.IsFinite(hottest) ? Math.Round(hottest, 1) : null;
    }

    private static DoctorBroker Ask(MqttConfig broker)
    {
        using var client = new BrokerClient(
            broker, $"edge-doctor-{Environment.ProcessId}-{Random.Shared.Next():x8}", [], static _ => { });
        string? why = client.Connect(BrokerLimit, CancellationToken.None);
        return new DoctorBroker(client.Address, why is null, why);
    }

    private static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
