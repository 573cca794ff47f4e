using System.Runtime.InteropServices;

namespace Edge.Mqtt.Libmosquitto;

/// <summary>struct mosquitto_message; the same layout from 2.0.11 on.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMessage
{
    public int Mid;
    public byte* Topic;
    public byte* Payload;
    public int PayloadLength;
    public int Qos;
    public byte Retain;
}

[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Fd;
    public short Events;
    public short Returned;
}

/// <summary>The functions of mosquitto.h (MQTT 5 forms) and of libc that this room calls.</summary>
internal static unsafe partial class Native
{
    public const string Library = "libmosquitto.so.1";

    public const int Success = 0, NoConnection = 4, ConnectionLost = 7, Errno = 14,
        OversizePacket = 25;
    public const int OptionProtocolVersion = 1, OptionReceiveMaximum = 4, OptionSendMaximum = 5, OptionTcpNoDelay = 11;
    public const int SubscribeNoLocal = 0x04, SubscribeRetainAsPublished = 0x08, SubscribeSendRetainNew = 0x10;
    /// <summary>MQTT 5, 3.14.2.1 and 2.4: the will is published; another client has the session now.</summary>
    public const int DisconnectWithWill = 4, SessionTakenOver = 0x8E;
    public const int LogWarning = 4, LogError = 8;
    public const short PollIn = 1, PollOut = 4, PollError = 8, PollHangUp = 16;

    [LibraryImport(Library)]
    public static partial int mosquitto_lib_version(out int major, out int minor, out int revision);
    [LibraryImport(Library)] public static partial int mosquitto_lib_init();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint mosquitto_new(string id, byte cleanSession, nint user);
    [LibraryImport(Library)] public static partial void mosquitto_destroy(nint mosq);
    [LibraryImport(Library)] public static partial int mosquitto_int_option(nint mosq, int option, int value);
    [LibraryImport(Library)] public static partial int mosquitto_threaded_set(nint mosq, byte threaded);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_username_pw_set(nint mosq, string user, string? password);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_tls_set(nint mosq, string caFile, string? caPath, string? cert, string? key,
        nint password);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_will_set_v5(nint mosq, string topic, int length, byte* payload, int qos,
        byte retain, nint properties);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int mosquitto_connect_bind_v5(nint mosq, string host, int port, int keepAlive, string? bind,
        nint properties);
    [LibraryImport(Library)] public static partial int mosquitto_disconnect_v5(nint mosq, int reason, nint properties);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_publish_v5(
        nint mosq, out int mid, string topic, int length, byte* payload, int qos, byte retain, nint properties);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_subscribe_v5(nint mosq, out int mid, string filter, int qos, int options,
        nint properties);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_unsubscribe(nint mosq, out int mid, string filter);
    [LibraryImport(Library)] public static partial int mosquitto_socket(nint mosq);
    [LibraryImport(Library)] public static partial byte mosquitto_want_write(nint mosq);
    [LibraryImport(Library)] public static partial int mosquitto_loop_read(nint mosq, int packetsMax);
    [LibraryImport(Library)] public static partial int mosquitto_loop_write(nint mosq, int packetsMax);
    [LibraryImport(Library)] public static partial int mosquitto_loop_misc(nint mosq);
    [LibraryImport(Library)] public static partial byte* mosquitto_strerror(int error);
    [LibraryImport(Library)] public static partial byte* mosquitto_reason_string(int reason);

    [LibraryImport(Library)]
    public static partial void mosquitto_connect_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_disconnect_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_message_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, NativeMessage*, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_publish_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_subscribe_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, int, int*, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_unsubscribe_v5_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, nint, void> callback);
    [LibraryImport(Library)]
    public static partial void mosquitto_log_callback_set(
        nint mosq, delegate* unmanaged[Cdecl]<nint, nint, int, byte*, void> callback);

    [LibraryImport(Library)]
    public static partial int mosquitto_property_add_int16(ref nint list, int id, ushort value);
    [LibraryImport(Library)] public static partial int mosquitto_property_add_int32(ref nint list, int id, uint value);
    [LibraryImport(Library)]
    public static partial int mosquitto_property_add_binary(ref nint list, int id, byte* value, ushort length);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_property_add_string(ref nint list, int id, string value);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_property_add_string_pair(ref nint list, int id, string name, string value);
    [LibraryImport(Library)] public static partial void mosquitto_property_free_all(ref nint list);
    [LibraryImport(Library)] public static partial nint mosquitto_property_next(nint property);
    [LibraryImport(Library)] public static partial int mosquitto_property_identifier(nint property);
    [LibraryImport(Library)]
    public static partial nint mosquitto_property_read_int32(nint list, int id, out uint value, byte skipFirst);
    [LibraryImport(Library)]
    public static partial nint mosquitto_property_read_binary(nint list, int id, out byte* value, out ushort length,
        byte skipFirst);
    [LibraryImport(Library)]
    public static partial nint mosquitto_property_read_string(nint list, int id, out byte* value, byte skipFirst);
    [LibraryImport(Library)]
    public static partial nint mosquitto_property_read_string_pair(nint list, int id, out byte* name, out byte* value,
        byte skipFirst);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollFd* fds, nuint count, int timeoutMs);
    [LibraryImport("libc", SetLastError = true)] public static partial int eventfd(uint initial, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial nint read(int fd, void* buffer, nuint count);
    [LibraryImport("libc", SetLastError = true)] public static partial nint write(int fd, void* buffer, nuint count);
    [LibraryImport("libc", SetLastError = true)] public static partial int close(int fd);
}
