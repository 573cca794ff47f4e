using System.Runtime.InteropServices;

namespace Edge.Devices;

/// <summary>Character devices: open, ioctl and close. A test puts a kernel of its own in their place.</summary>
internal unsafe class DeviceCalls
{
    public static readonly DeviceCalls Real = new();

    /// <summary>A descriptor, or -1.</summary>
    public virtual int Open(string path) => Native.Open(path, Native.ReadWriteCloseOnExec);

    /// <summary>False: the kernel refused.</summary>
    public virtual bool Control(int descriptor, uint request, void* argument) =>
        Native.Ioctl(descriptor, request, argument) >= 0;

    public virtual void Close(int descriptor) => _ = Native.Close(descriptor);
}

internal static unsafe partial class Native
{
    public const int ReadWriteCloseOnExec = 0x2 | 0x80000;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    // Variadic in C, but both of our ABIs (System V x64, AAPCS64) pass three arguments the same way.
    [LibraryImport("libc", EntryPoint = "ioctl")]
    public static partial int Ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);
}
