namespace Edge.Mqtt.Journal;

internal enum RecordKind : byte { Request = 1, Result = 2, Done = 3 }

/// <summary>An accepted request as the journal keeps it: all that running it again after a crash takes.</summary>
/// <param name="At">When LeftMs was left of its time.</param>
/// <param name="Starts">How often the node has started with it unfinished: a request that ends the process must not do
/// so for ever.</param>
/// <param name="Body">As it came; empty once it is answered.</param>
internal sealed record RequestRecord(
    long Number, Moment At, long LeftMs, int Starts, ulong Hash, string Id, string Topic, byte[] Key,
    byte[] Correlation, string? RequestId, long CreatedUnixSeconds, byte[] Body)
{
    public byte[] Encode() => new RecordWriter(192 + Body.Length)
        .Byte((byte)RecordKind.Request).Long(Number)
        .Long((long)At.Boot).Long(At.Monotonic).Long(At.WallMs).Long(LeftMs).Byte((byte)Math.Min(Starts, 255))
        .Long((long)Hash).Text(Id).Text(Topic).Bytes(Key).Bytes(Correlation).Text(RequestId).Long(CreatedUnixSeconds)
        .Bytes(Body).ToArray();

    /// <summary>Reads what follows kind and number; null when a field is missing.</summary>
    public static RequestRecord? Decode(long number, ref RecordReader r)
    {
        var at = new Moment((ulong)r.Long(), r.Long(), r.Long());
        long left = r.Long();
        int starts = r.Byte();
        ulong hash = (ulong)r.Long();
        string id = r.Text(), topic = r.Text();
        byte[] key = r.Bytes().ToArray(), correlation = r.Bytes().ToArray();
        string requestId = r.Text();
        long created = r.Long();
        byte[] body = r.Bytes().ToArray();
        return r.IsWhole
            ? new(number, at, left, starts, hash, id, topic, key, correlation, requestId.Length > 0 ? requestId : null,
                created, body)
            : null;
    }
}
