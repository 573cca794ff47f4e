using System.Runtime.InteropServices;

namespace Edge.Models;

/// <summary>On which CPUs a thread may run.</summary>
internal static unsafe partial class ThreadAffinity
{
    private const int MaskWords = (CpuList.CpuMax + 1) / 64;

    /// <summary>Binds the calling thread to all of the CPUs together: the system still chooses among them, so that a
    /// CPU that another process takes does not hold up the thread. 0, or the system's error number.</summary>
    public static int Apply(CpuList cpus)
    {
        ulong* mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        foreach (int cpu in cpus.Cpus) mask[cpu / 64] |= 1ul << (cpu % 64);
        return SetAffinity(0, MaskWords * sizeof(ulong), mask) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Why this process may not bind threads to these CPUs, tried on another thread; null: it may.</summary>
    public static string? Refusal(CpuList cpus)
    {
        if (!OperatingSystem.IsLinux()) return "this system cannot bind threads to CPUs";
        int error = 0;
        var trial = new Thread(() => error = Apply(cpus), 256 << 10);
        trial.Start();
        trial.Join();
        return error == 0 ? null : Marshal.GetPInvokeErrorMessage(error);
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint maskBytes, ulong* mask);
}
