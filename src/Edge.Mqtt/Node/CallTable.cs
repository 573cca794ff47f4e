namespace Edge.Mqtt;

/// <summary>The calls that are taken and not finished, bounded, by who asked (reply topic) and under which
/// key.</summary>
internal sealed class CallTable(int callsMax)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ChatCall> _calls = [];

    public int Count { get { lock (_gate) return _calls.Count; } }

    /// <summary>The live call with the same key from the same requester, if any.</summary>
    public ChatCall? FindSame(byte[] key, string replyTopic)
    {
        if (key.Length == 0) return null;
        lock (_gate)
            return _calls.Values.FirstOrDefault(c => c.Reply.Topic == replyTopic && c.Key.AsSpan().SequenceEqual(key));
    }

    /// <summary>False: the table is full.</summary>
    public bool TryAdd(ChatCall call)
    {
        lock (_gate) return _calls.Count < callsMax && _calls.TryAdd(call.Id, call);
    }

    public void Remove(ChatCall call)
    {
        lock (_gate) _calls.Remove(call.Id);
    }

    /// <summary>The call that a cancel means. MQTT does not say who published, so the reply topic stands for the
    /// requester: a cancel that names one reaches only its calls, and one that names none only a call whose key no
    /// other live call has.</summary>
    public ChatCall? FindForCancel(ReadOnlySpan<byte> key, string? replyTopic)
    {
        if (key.IsEmpty) return null;
        ChatCall? found = null;
        lock (_gate)
        {
            foreach (var call in _calls.Values)
            {
                if (!call.Key.AsSpan().SequenceEqual(key)) continue;
                if (replyTopic is not null && call.Reply.Topic != replyTopic) continue;
                if (found is not null) return null;
                found = call;
            }
        }
        return found;
    }
}
