namespace Edge.Mqtt.Journal;

/// <summary>One request from its acceptance until its reply need not be repeated any more. The ledger's lock guards
/// it.</summary>
internal sealed class CallEntry(RequestRecord request, long deadline)
{
    public RequestRecord Request { get; set; } = request;
    /// <summary>Stopwatch timestamp.</summary>
    public long Deadline { get; } = deadline;
    /// <summary>Absent once answered.</summary>
    public ChatCall? Call { get; set; }
    public MqttMessage? Reply { get; set; }
    /// <summary>The broker has the reply.</summary>
    public bool IsDone { get; set; }
    /// <summary>What carries its latest record.</summary>
    public Batch? Batch { get; set; }

    public long Bytes => 512 + Request.Body.Length + (Reply?.Payload.Length ?? 0);

    /// <summary>The name under which a repetition finds it; null when the requester gave none.</summary>
    public string? Name => NameOf(Request.Key, Request.Topic);

    // A topic cannot hold NUL.
    public static string? NameOf(byte[] key, string topic) =>
        key.Length == 0 ? null : topic + '\0' + Convert.ToHexString(key);
}
