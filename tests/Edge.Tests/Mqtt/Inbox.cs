using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Edge.Mqtt;

namespace Edge.Tests.Mqtt;

/// <summary>Things that happen on other threads, awaited with a time limit.</summary>
public sealed class Inbox<T>
{
    private readonly Channel<T> _channel = Channel.CreateUnbounded<T>();
    private readonly ConcurrentQueue<T> _seen = new();

    public void Add(T item)
    {
        _seen.Enqueue(item);
        _channel.Writer.TryWrite(item);
    }

    public IReadOnlyCollection<T> Seen => _seen;

    /// <summary>One that passes, whether it has come already, perhaps while another was waited for, or comes yet.
    /// </summary>
    public async Task<T> Ever(Func<T, bool> wanted)
    {
        foreach (T item in _seen)
            if (wanted(item)) return item;
        return await Next(wanted);
    }

    /// <summary>The next one that passes; earlier ones are skipped.</summary>
    public async Task<T> Next(Func<T, bool>? wanted = null)
    {
        using var limit = new CancellationTokenSource(Broker.Limit);
        try
        {
            while (true)
            {
                T item = await _channel.Reader.ReadAsync(limit.Token);
                if (wanted is null || wanted(item)) return item;
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"nothing that was waited for came; seen: {string.Join("; ", _seen)}");
        }
    }
}

/// <summary>A transport with its events in inboxes.</summary>
public sealed class Client : IDisposable
{
    private Client(Func<MqttOptions, MqttEvents, IMqttTransport> make, MqttOptions options,
        Action<MqttMessage>? onMessage)
    {
        Transport = make(options, new()
        {
            OnMessage = m =>
            {
                onMessage?.Invoke(m);
                Messages.Add(m);
            },
            OnOnline = () => Online.Add(Stopwatch.GetTimestamp()),
            OnOffline = Offline.Add,
            OnDropped = (m, reason) => Dropped.Add((m, reason)),
            OnLog = (level, text) => Logs.Add((level, text)),
        });
    }

    public IMqttTransport Transport { get; }
    public Inbox<MqttMessage> Messages { get; } = new();
    public Inbox<long> Online { get; } = new();
    public Inbox<string> Offline { get; } = new();
    public Inbox<(MqttMessage Message, MqttDropReason Reason)> Dropped { get; } = new();
    public Inbox<(MqttLogLevel Level, string Text)> Logs { get; } = new();

    public static Client Make(
        Func<MqttOptions, MqttEvents, IMqttTransport> make, MqttOptions options, Action<MqttMessage>? onMessage = null)
    {
        var client = new Client(make, options, onMessage);
        client.Transport.Start();
        return client;
    }

    public static async Task<Client> Connect(
        Func<MqttOptions, MqttEvents, IMqttTransport> make, MqttOptions options, Action<MqttMessage>? onMessage = null)
    {
        var client = Make(make, options, onMessage);
        await client.Online.Next();
        return client;
    }

    public void Dispose() => Transport.Dispose();
}

public static class Messages
{
    public static string Text(this MqttMessage message) => System.Text.Encoding.UTF8.GetString(message.Payload.Span);
    public static string? Property(this MqttMessage message, string name) =>
        message.UserProperties.Where(p => p.Key == name).Select(p => p.Value).FirstOrDefault();
    public static JsonElement Json(this MqttMessage message) => JsonDocument.Parse(message.Payload).RootElement;
    public static byte[] Utf8(this string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
