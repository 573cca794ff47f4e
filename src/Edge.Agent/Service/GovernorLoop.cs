using Edge.Agent.Config;
using Edge.Devices;
using Edge.Devices.Boards;
using Edge.Devices.Sysfs;
using Edge.Engine;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Looks at the board every few seconds and tells scheduler and broker what the governor
/// decides.</summary>
internal sealed class GovernorLoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly SensorsConfig _config;
    private readonly TelemetrySource _source;
    private readonly Governor _governor;
    private readonly Action<Effort> _apply;
    private readonly Action<NodeEvent> _tell;
    private string _throttled = "";

    public GovernorLoop(
        SensorsConfig config, TelemetrySource source, int threads, Action<Effort> apply, Action<NodeEvent> tell)
    {
        (_config, _source, _apply, _tell) = (config, source, apply, tell);
        var roots = new SensorRoots(config.SysfsRoot, config.DevRoot);
        var limits = Board.Detect(roots).Profile.Thermal;
        // A kernel that cools earlier than the profile says knows better.
        double soft = Math.Min(limits.SoftC, Board.PassiveTripC(roots) ?? double.MaxValue);
        _governor = new Governor(limits with { SoftC = soft }, threads);
    }

    public string Level => _governor.Level.ToString().ToLowerInvariant();

    public int Threads => _governor.Threads;

    public async Task RunAsync(CancellationToken stopping)
    {
        if (!_config.Enabled) return;
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do Look();
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private void Look()
    {
        var state = Throttling.Read(_config.SysfsRoot);
        double? temperature = _source.Temperature();
        string throttled = state?.Now ?? "";
        if (throttled != _throttled)
            _tell(throttled.Length > 0
                ? new NodeEvent("throttled", throttled)
                : new NodeEvent("unthrottled", _throttled));
        _throttled = throttled;
        if (!_governor.Look(temperature, state?.IsNow)) return;
        _apply(_governor.Effort);
        _tell(new NodeEvent("governor", $"{Level}: {Threads} threads at {temperature:F1} °C"
            + (throttled.Length > 0 ? $", {throttled}" : "")));
    }
}
