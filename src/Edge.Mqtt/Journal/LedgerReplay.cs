namespace Edge.Mqtt.Journal;

/// <summary>From the records of a journal to the calls that they tell of.</summary>
internal static class LedgerReplay
{
    /// <summary>In the order of acceptance. Records of kinds that this version does not know, or that lack a field, are
    /// passed over: a later version may have written them.</summary>
    public static IReadOnlyCollection<CallEntry> Read(IReadOnlyList<byte[]> records, Moment now)
    {
        var entries = new SortedDictionary<long, CallEntry>();
        foreach (byte[] record in records)
        {
            var r = new RecordReader(record);
            var kind = (RecordKind)r.Byte();
            long number = r.Long();
            if (kind == RecordKind.Request)
            {
                if (RequestRecord.Decode(number, ref r) is { } request) entries[number] = Aged(request, now);
            }
            else if (entries.TryGetValue(number, out var entry))
            {
                if (kind == RecordKind.Result) entry.Reply = ResultRecord.Decode(entry.Request, ref r) ?? entry.Reply;
                else if (kind == RecordKind.Done && entry.Reply is not null) entry.IsDone = true;
            }
        }
        return entries.Values;
    }

    // From here on the record says what is left now, so that a wall clock that is set later changes nothing.
    private static CallEntry Aged(RequestRecord request, Moment now)
    {
        long left = now.LeftMs(request.At, request.LeftMs);
        long deadline = now.Monotonic + left * (System.Diagnostics.Stopwatch.Frequency / 1000);
        return new(request with { At = now, LeftMs = left, Starts = request.Starts + 1 }, deadline);
    }
}
