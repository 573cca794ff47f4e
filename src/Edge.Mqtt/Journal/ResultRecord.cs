namespace Edge.Mqtt.Journal;

/// <summary>The last reply to a request, whole, so that it is sent again with the same bytes.</summary>
internal static class ResultRecord
{
    public static byte[] Encode(long number, MqttMessage reply)
    {
        var w = new RecordWriter(128 + reply.Payload.Length)
            .Byte((byte)RecordKind.Result).Long(number).Text(reply.ContentType).Long(reply.ExpirySeconds ?? 0)
            .Bytes(reply.Payload.Span).Byte((byte)reply.UserProperties.Count);
        foreach (var (name, value) in reply.UserProperties) w = w.Text(name).Text(value);
        return w.ToArray();
    }

    /// <summary>Reads what follows kind and number; null when a field is missing.</summary>
    public static MqttMessage? Decode(RequestRecord request, ref RecordReader r)
    {
        string contentType = r.Text();
        long expiry = r.Long();
        byte[] payload = r.Bytes().ToArray();
        var properties = new KeyValuePair<string, string>[r.Byte()];
        for (int i = 0; i < properties.Length; i++) properties[i] = new(r.Text(), r.Text());
        return !r.IsWhole ? null : new()
        {
            Topic = request.Topic, Payload = payload, Qos = 1, Correlation = request.Correlation,
            ContentType = contentType, ExpirySeconds = expiry > 0 ? (uint)expiry : null, UserProperties = properties,
            Ticket = request.Number,
        };
    }

    public static byte[] EncodeDone(long number) =>
        new RecordWriter(9).Byte((byte)RecordKind.Done).Long(number).ToArray();
}
