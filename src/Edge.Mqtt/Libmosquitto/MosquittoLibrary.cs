using System.Runtime.InteropServices;

namespace Edge.Mqtt.Libmosquitto;

/// <summary>Is libmosquitto there, and which one?</summary>
public static class MosquittoLibrary
{
    private static readonly Lock s_gate = new();
    private static bool s_initialised;

    /// <summary>The version, as "2.0.11". Errors: DllNotFoundException with what to install.</summary>
    public static string Version
    {
        get
        {
            Load();
            _ = Native.mosquitto_lib_version(out int major, out int minor, out int revision);
            return $"{major}.{minor}.{revision}";
        }
    }

    /// <summary>Null, or what to do when <paramref name="library"/> cannot be loaded.</summary>
    public static string? Missing(string library = Native.Library)
    {
        if (!NativeLibrary.TryLoad(library, out nint handle))
            return $"{library} cannot be loaded; install libmosquitto1 (sudo apt install libmosquitto1)";
        NativeLibrary.Free(handle);
        return null;
    }

    /// <summary>Loads and initialises the library once per process; it stays until the process ends.</summary>
    internal static void Load()
    {
        lock (s_gate)
        {
            if (s_initialised) return;
            if (Missing() is { } message) throw new DllNotFoundException(message);
            _ = Native.mosquitto_lib_init();
            s_initialised = true;
        }
    }

    /// <summary><paramref name="errno"/>: of the call that failed; said when the library points to it.</summary>
    internal static unsafe string ErrorText(int error, int errno = 0) => error == Native.Errno && errno != 0
        ? Marshal.GetPInvokeErrorMessage(errno)
        : Marshal.PtrToStringUTF8((nint)Native.mosquitto_strerror(error))?.TrimEnd('.') ?? $"error {error}";

    internal static unsafe string ReasonText(int reason) =>
        Marshal.PtrToStringUTF8((nint)Native.mosquitto_reason_string(reason))?.TrimEnd('.') ?? $"reason {reason}";
}
