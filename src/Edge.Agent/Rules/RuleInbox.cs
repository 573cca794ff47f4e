using System.Threading.Channels;
using Edge.Mqtt;

namespace Edge.Agent.Rules;

/// <summary>Messages of devices on their way from the network thread to the rules; bounded.</summary>
internal sealed class RuleInbox
{
    public const int MessagesMax = 256;

    private readonly Channel<MqttMessage> _messages = Channel.CreateBounded<MqttMessage>(
        new BoundedChannelOptions(MessagesMax) { SingleReader = true });
    private long _dropped;

    public ChannelReader<MqttMessage> Reader => _messages.Reader;

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Never blocks. False: full, and counted.</summary>
    public bool TryAdd(MqttMessage message)
    {
        if (_messages.Writer.TryWrite(message)) return true;
        Interlocked.Increment(ref _dropped);
        return false;
    }
}
