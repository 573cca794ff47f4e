using Edge.Devices.Sysfs;

namespace Edge.Agent.Doctor;

/// <summary>What the figures mean, in sentences with a remedy.</summary>
internal static class DoctorAdvice
{
    public static IEnumerable<string> For(DoctorReport report, ThrottlingState? state)
    {
        if (state is { } s && (s.Now + s.SinceBoot).Contains("under_voltage", StringComparison.Ordinal))
            yield return "the supply was too weak since boot: use the board's own power supply and a short cable";
        if (state is { IsNow: true })
            yield return $"the firmware holds the clock down now ({state.Value.Now}): every speed here is too low";
        foreach (var clock in report.Thermal.Clocks.Where(c => c.LimitMhz < 0.99 * c.MaxMhz))
            yield return $"CPUs {clock.Cpus} are limited to {clock.LimitMhz:F0} of {clock.MaxMhz:F0} MHz "
                + "(scaling_max_freq): lift the limit, or cool the board if the kernel set it";
        foreach (var clock in report.Thermal.Clocks.Where(c => c.Governor == "powersave"))
            yield return $"CPUs {clock.Cpus} run under the governor powersave: set ondemand, schedutil or performance";
        if (report.Thermal.AfterC >= report.Thermal.SoftLimitC - 5)
            yield return $"{report.Thermal.AfterC:F0} °C: the node will hold itself back; add a heat sink or a fan";
        if (report.Memory.UsualBytesPerSecond is { } usual && report.Memory.BytesPerSecond < 0.7 * usual)
            yield return $"memory is read at {report.Memory.BytesPerSecond / 1e9:F1} GB/s, boards like this reach "
                + $"{usual / 1e9:F1}: look for other programs, throttling or a low memory clock";
        if (report.Memory.SwapBytes is > 0)
            yield return "swap is on: weights that are swapped out come back slower than from their file; for a "
                + "node that does nothing else, turn it off";
        if (report.Memory.CgroupLimitBytes is { } limit && limit < report.Memory.TotalBytes)
            yield return $"the control group allows {limit >> 20} MiB: a larger model would be ended by the kernel";
        if (!report.Broker.Reachable)
            yield return $"{report.Broker.Problem ?? $"no MQTT broker answers at {report.Broker.Address}"}: start "
                + "mosquitto, or give --broker HOST:PORT and what it asks for (--user, --ca-file, …)";
        foreach (var model in report.Models.Where(m => m is { File: not null, Fits: false }))
            yield return $"{model.Name} needs {model.NeedsBytes >> 20} MiB and "
                + $"{report.Memory.AvailableBytes >> 20} are available: take a smaller one, or fewer bits";
    }
}
