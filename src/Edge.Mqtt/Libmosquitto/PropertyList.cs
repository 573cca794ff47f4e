using System.Runtime.InteropServices;

namespace Edge.Mqtt.Libmosquitto;

/// <summary>A list of MQTT 5 properties in the library's memory; freed on Dispose unless given away.</summary>
internal unsafe ref struct PropertyList
{
    private const int MessageExpiry = 2, ContentTypeId = 3, ResponseTopicId = 8, CorrelationData = 9,
        SessionExpiry = 17, WillDelay = 24, UserProperty = 38, MaximumPacketSize = 39;
    private const int UserPropertiesMax = 32;

    private nint _list;

    public readonly nint Pointer => _list;

    public static PropertyList ForConnect(MqttOptions options)
    {
        PropertyList list = default;
        Native.mosquitto_property_add_int32(ref list._list, SessionExpiry, options.SessionExpirySeconds);
        Native.mosquitto_property_add_int32(ref list._list, MaximumPacketSize, (uint)options.PacketBytesMax);
        return list;
    }

    public static PropertyList ForWill(MqttWill will)
    {
        PropertyList list = default;
        Native.mosquitto_property_add_int32(ref list._list, WillDelay, will.DelaySeconds);
        Native.mosquitto_property_add_string(ref list._list, ContentTypeId, will.ContentType);
        return list;
    }

    public static PropertyList ForPublish(MqttMessage message)
    {
        PropertyList list = default;
        if (message.ExpirySeconds is { } expiry)
            Native.mosquitto_property_add_int32(ref list._list, MessageExpiry, expiry);
        if (message.ContentType is { } type) Native.mosquitto_property_add_string(ref list._list, ContentTypeId, type);
        if (message.ResponseTopic is { } topic)
            Native.mosquitto_property_add_string(ref list._list, ResponseTopicId, topic);
        if (!message.Correlation.IsEmpty)
            fixed (byte* data = message.Correlation.Span)
                Native.mosquitto_property_add_binary(ref list._list, CorrelationData, data,
                    (ushort)message.Correlation.Length);
        foreach (var (name, value) in message.UserProperties)
            Native.mosquitto_property_add_string_pair(ref list._list, UserProperty, name, value);
        return list;
    }

    /// <summary>The largest packet that the broker takes, as its CONNACK says; 0: it names no limit.</summary>
    public static long PacketBytesMax(nint list) =>
        Native.mosquitto_property_read_int32(list, MaximumPacketSize, out uint bytes, 0) != 0 ? bytes : 0;

    /// <summary>Fills in what a received message carries. The list is the library's: everything is copied, nothing
    /// freed.</summary>
    public static MqttMessage Read(nint list, MqttMessage message)
    {
        List<KeyValuePair<string, string>>? user = null;
        for (nint p = list; p != 0; p = Native.mosquitto_property_next(p))
        {
            int id = Native.mosquitto_property_identifier(p);
            switch (id)
            {
                case MessageExpiry when Native.mosquitto_property_read_int32(p, id, out uint seconds, 0) != 0:
                    message = message with { ExpirySeconds = seconds };
                    break;
                case ContentTypeId when Native.mosquitto_property_read_string(p, id, out byte* type, 0) != 0:
                    message = message with { ContentType = Take(type) };
                    break;
                case ResponseTopicId when Native.mosquitto_property_read_string(p, id, out byte* topic, 0) != 0:
                    message = message with { ResponseTopic = Take(topic) };
                    break;
                case CorrelationData when
                        Native.mosquitto_property_read_binary(p, id, out byte* data, out ushort length, 0) != 0:
                    message = message with { Correlation = new ReadOnlySpan<byte>(data, length).ToArray() };
                    NativeMemory.Free(data);
                    break;
                case UserProperty when (user?.Count ?? 0) < UserPropertiesMax &&
                        Native.mosquitto_property_read_string_pair(p, id, out byte* name, out byte* value, 0) != 0:
                    (user ??= []).Add(new(Take(name), Take(value)));
                    break;
            }
        }
        return user is null ? message : message with { UserProperties = user };
    }

    /// <summary>The library keeps the list from here on.</summary>
    public void GiveAway() => _list = 0;

    public void Dispose()
    {
        if (_list != 0) Native.mosquitto_property_free_all(ref _list);
    }

    // The library allocates what it reads out with malloc; from 2.1 on an empty string comes as NULL.
    private static string Take(byte* text)
    {
        string copy = Marshal.PtrToStringUTF8((nint)text) ?? "";
        NativeMemory.Free(text);
        return copy;
    }
}
