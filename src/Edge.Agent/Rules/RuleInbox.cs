using System.Threading.Channels;
using Edge.Mqtt;

namespace Edge.Agent.Rules;

/// <summary>Messages of devices on their way from the network thread to the rules; bounded in number and in
/// bytes.</summary>
internal sealed class RuleInbox
{
    public const int MessagesMax = 256;
    public const long BytesMax = 4 * 1024 * 1024;

    private readonly Channel<MqttMessage> _messages = Channel.CreateBounded<MqttMessage>(
        new BoundedChannelOptions(MessagesMax) { SingleReader = true });
    private long _dropped, _bytes;

    /// <summary>Messages that wait.</summary>
    public int Count => _messages.Reader.Count;

    /// <summary>Payload bytes that wait.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Never blocks. False: full, and counted.</summary>
    public bool TryAdd(MqttMessage message)
    {
        // What no rule will read need not wait; that it was too large stays known.
        if (message.Payload.Length > PayloadPath.PayloadBytesMax) message = message with { Payload = default };
        // Counted before it is there, so that the reader cannot take off what was not put on.
        if (Interlocked.Add(ref _bytes, message.Payload.Length) <= BytesMax && _messages.Writer.TryWrite(message))
            return true;
        Interlocked.Add(ref _bytes, -message.Payload.Length);
        Interlocked.Increment(ref _dropped);
        return false;
    }

    /// <summary>Ends when something waits.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken stop) => _messages.Reader.WaitToReadAsync(stop);

    /// <summary>The rules' own loop alone.</summary>
    public bool TryTake(out MqttMessage? message)
    {
        if (!_messages.Reader.TryRead(out message)) return false;
        Interlocked.Add(ref _bytes, -message.Payload.Length);
        return true;
    }
}
