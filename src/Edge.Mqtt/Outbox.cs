namespace Edge.Mqtt;

/// <summary>What waits to be sent, in order, within two bounds; QoS 0 gives way to QoS 1. Any thread.</summary>
internal sealed class Outbox(int messagesMax, long bytesMax)
{
    // Topic, properties and the packet's own bytes, roughly: a bound must hold for many small messages too.
    private const int OverheadBytes = 256;
    private readonly Lock _gate = new();
    private readonly LinkedList<MqttMessage> _messages = new();
    private long _bytes;
    private int _droppable;

    public int Count { get { lock (_gate) return _messages.Count; } }

    /// <summary>False: there was no room. <paramref name="displaced"/>: QoS 0 messages that had to leave for
    /// it.</summary>
    public bool TryAdd(MqttMessage message, out IReadOnlyList<MqttMessage> displaced)
    {
        List<MqttMessage>? out0 = null;
        bool added = false;
        lock (_gate)
        {
            long size = Size(message);
            while (size <= bytesMax && (_messages.Count >= messagesMax || _bytes + size > bytesMax) && _droppable > 0)
                (out0 ??= []).Add(TakeOldestDroppable());
            if (_messages.Count < messagesMax && _bytes + size <= bytesMax)
            {
                _messages.AddLast(message);
                _bytes += size;
                if (message.Qos == 0) _droppable++;
                added = true;
            }
        }
        displaced = out0 ?? (IReadOnlyList<MqttMessage>)[];
        return added;
    }

    /// <summary>The next message, unless it is QoS 1 and <paramref name="mayStartQos1"/> is false: order is
    /// kept.</summary>
    public MqttMessage? Take(bool mayStartQos1)
    {
        lock (_gate)
        {
            if (_messages.First is not { } first || (first.Value.Qos > 0 && !mayStartQos1)) return null;
            return Remove(first);
        }
    }

    /// <summary>Puts a message back that could not be handed over; it was just taken, so the bounds hold but for
    /// it.</summary>
    public void PutBack(MqttMessage message)
    {
        lock (_gate)
        {
            _messages.AddFirst(message);
            _bytes += Size(message);
            if (message.Qos == 0) _droppable++;
        }
    }

    /// <summary>Takes out all QoS 0 messages: when the link is down they would only be old news.</summary>
    public IReadOnlyList<MqttMessage> TakeDroppable()
    {
        lock (_gate)
        {
            var taken = new List<MqttMessage>(_droppable);
            while (_droppable > 0) taken.Add(TakeOldestDroppable());
            return taken;
        }
    }

    private MqttMessage TakeOldestDroppable()
    {
        var node = _messages.First;
        while (node!.Value.Qos != 0) node = node.Next;
        return Remove(node);
    }

    private MqttMessage Remove(LinkedListNode<MqttMessage> node)
    {
        _messages.Remove(node);
        _bytes -= Size(node.Value);
        if (node.Value.Qos == 0) _droppable--;
        return node.Value;
    }

    private static long Size(MqttMessage message) => message.Payload.Length + OverheadBytes;
}
