using System.Diagnostics;
using Edge.Mqtt;
using Edge.Mqtt.Journal;
using Xunit;

namespace Edge.Tests.Mqtt.Journal;

/// <summary>A ledger under test without a broker: what it publishes is collected, its clock is the test's.</summary>
internal sealed class Ledger : IDisposable
{
    private static int s_id;
    private readonly NodeOptions _options = new() { NodeId = "n", Version = "1" };

    public Ledger(
        JournalOptions? options, int callsMax = 8, Moment? now = null, Func<MqttMessage, bool>? publish = null)
    {
        Calls = new(options, callsMax, () => now ?? Moment.Now(), m =>
        {
            if (publish?.Invoke(m) == false) return false;
            Published.Add(m);
            return true;
        }, Errors.Add);
        Calls.Start();
    }

    public CallLedger Calls { get; }
    public Inbox<MqttMessage> Published { get; } = new();
    public Inbox<string> Errors { get; } = new();

    public ChatCall Make(string key, double seconds = 60, string body = "{}", string topic = "clients/a/rsp")
    {
        string id = $"id{Interlocked.Increment(ref s_id)}";
        var request = new ChatRequest { Messages = [new("user", body)] };
        var reply = new ReplyStream(new(id, "n", topic, key.Utf8(), null, 5), request, _options, Published.AddTrue);
        long now = Stopwatch.GetTimestamp();
        return new(id, request, now, now + (long)(seconds * Stopwatch.Frequency), reply, key.Utf8(), 77, new());
    }

    /// <summary>Takes and syncs a call; must succeed.</summary>
    public ChatCall Take(string key, double seconds = 60, string body = "{}")
    {
        var call = Make(key, seconds, body);
        Assert.Null(TryTake(call, body));
        Assert.Null(Calls.Sync(call));
        return call;
    }

    public Problem? TryTake(ChatCall call, string body = "{}") =>
        Calls.Take(call, new() { Topic = "t", Payload = body.Utf8(), Correlation = call.Key });

    /// <summary>Answers and waits until the answer was published; returns it.</summary>
    public async Task<MqttMessage> Answer(ChatCall call, string text)
    {
        Assert.True(call.Reply.Final(Node.Result(text)));
        return await Published.Next(m => m.Correlation.Span.SequenceEqual(call.Key));
    }

    public void Dispose() => Calls.Dispose();
}

internal static class InboxAdd
{
    public static bool AddTrue<T>(this Inbox<T> inbox, T item)
    {
        inbox.Add(item);
        return true;
    }
}
