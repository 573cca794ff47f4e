using Edge.Devices.Boards;
using Edge.Engine;

namespace Edge.Agent.Service;

internal enum GovernorLevel { Full, Eased, Held }

/// <summary>Lowers the node's effort before the firmware lowers the clock: fewer threads and no speculation when hot,
/// or when the firmware already holds back. Full effort comes back a step at a time, when it stayed cool.</summary>
/// <remarks>Eased from 5 °C below the soft limit: no speculation, a quarter of the threads rest. Held from the soft
/// limit on, or throttled: half of them rest.</remarks>
internal sealed class Governor(BoardThermal limits, int threads)
{
    private const double EasedBelowSoftC = 5, CoolByC = 3;
    /// <summary>Looks in a row that must be cool before a step back up.</summary>
    private const int CoolLooks = 4;

    private int _cool;

    public GovernorLevel Level { get; private set; }

    public Effort Effort => Level switch
    {
        GovernorLevel.Full => Effort.Full,
        GovernorLevel.Eased => new Effort(Math.Max(1, threads * 3 / 4), Speculation: false),
        _ => new Effort(Math.Max(1, threads / 2), Speculation: false),
    };

    /// <summary>Threads that work now.</summary>
    public int Threads => Math.Min(threads, Effort.Threads);

    /// <summary>Takes what was measured; true: the level changed. Without a temperature only throttling
    /// counts.</summary>
    public bool Look(double? temperatureC, bool? throttled)
    {
        var wanted = Wanted(temperatureC, throttled, 0);
        if (wanted > Level)
        {
            (Level, _cool) = (wanted, 0);
            return true;
        }
        // Down again only when it would stay: cooler by a few degrees than what raised the level, several times.
        _cool = Wanted(temperatureC, throttled, CoolByC) < Level ? _cool + 1 : 0;
        if (_cool < CoolLooks) return false;
        _cool = 0;
        Level--;
        return true;
    }

    private GovernorLevel Wanted(double? temperatureC, bool? throttled, double margin) =>
        throttled == true || temperatureC >= limits.SoftC - margin ? GovernorLevel.Held
        : temperatureC >= limits.SoftC - EasedBelowSoftC - margin ? GovernorLevel.Eased
        : GovernorLevel.Full;
}
