using System.Diagnostics;

namespace Edge.Mqtt.Journal;

/// <summary>One instant on both clocks. The monotonic one counts within a boot of the machine and never jumps; the
/// wall clock only bridges a restart of the machine.</summary>
/// <param name="Boot">Which boot the monotonic clock belongs to.</param>
internal readonly record struct Moment(ulong Boot, long Monotonic, long WallMs)
{
    private static readonly ulong s_boot = ReadBoot();

    public static Moment Now() =>
        new(s_boot, Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    /// <summary>How much of <paramref name="leftMs"/>, as it was at <paramref name="then"/>, is left now. Another boot
    /// is bridged by the wall clock; a clock that went backwards takes nothing away, because a board without a battery
    /// starts in the past.</summary>
    public long LeftMs(Moment then, long leftMs)
    {
        long age = Boot == then.Boot
            ? (long)Stopwatch.GetElapsedTime(then.Monotonic, Monotonic).TotalMilliseconds
            : WallMs - then.WallMs;
        return leftMs - Math.Max(0, age);
    }

    // The kernel's own name for this boot; without it (no /proc) every start of the process counts as a boot.
    private static ulong ReadBoot()
    {
        const string path = "/proc/sys/kernel/random/boot_id";
        return Guid.TryParse(File.Exists(path) ? File.ReadAllText(path).Trim() : "", out var id)
            ? BitConverter.ToUInt64(id.ToByteArray())
            : BitConverter.ToUInt64(Guid.NewGuid().ToByteArray());
    }
}
