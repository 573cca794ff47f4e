using System.Diagnostics;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Xunit;

namespace Edge.Tests.Mqtt;

/// <summary>A node under test on a real broker: its calls in inboxes, and a client that asks it things.</summary>
public sealed class Node : IDisposable
{
    private static int s_id;
    private readonly Broker _broker;

    private Node(Broker broker, Func<NodeOptions, NodeOptions>? change, Action<ChatCall>? onChat)
    {
        _broker = broker;
        Name = $"n{Interlocked.Increment(ref s_id)}";
        var options = new NodeOptions
        {
            NodeId = Name, Version = "0.1.0", WillDelaySeconds = 0, DeltaInterval = TimeSpan.FromMilliseconds(20),
            Connection = Connection("unused") with { PayloadBytesMax = 4000, SessionExpirySeconds = 60 },
        };
        Link = new(change?.Invoke(options) ?? options, new()
        {
            OnChat = call =>
            {
                onChat?.Invoke(call);
                Calls.Add(call);
            },
            OnCancel = call =>
            {
                Cancels.Add(call);
                call.Reply.Fail(new(ProblemCode.Cancelled, "cancelled by its requester"));
            },
            OnOther = Others.Add, OnRebirth = () => Rebirths.Add(1),
            OnOnline = () => Online.Add(1), OnOffline = Offline.Add, OnLog = (_, text) => Logs.Add(text),
        }, static (o, e) => new MosquittoTransport(o, e));
    }

    public string Name { get; }
    public NodeLink Link { get; }
    public Inbox<ChatCall> Calls { get; } = new();
    public Inbox<ChatCall> Cancels { get; } = new();
    public Inbox<MqttMessage> Others { get; } = new();
    public Inbox<int> Rebirths { get; } = new();
    public Inbox<int> Online { get; } = new();
    public Inbox<string> Offline { get; } = new();
    public Inbox<string> Logs { get; } = new();
    public string ReplyTopic => $"clients/{Name}/rsp";
    public Client Asker { get; private set; } = null!;

    public static async Task<Node> Start(
        Broker broker, Func<NodeOptions, NodeOptions>? change = null, Action<ChatCall>? onChat = null)
    {
        var node = new Node(broker, change, onChat);
        node.Asker = await Client.Connect(static (o, e) => new MosquittoTransport(o, e),
            node.Connection($"asker-{node.Name}") with
        {
            Subscriptions =
            [
                new(node.ReplyTopic, 1), new(node.Link.Topics.Response("+"), 1), new(node.Link.Topics.Status, 1),
                new(node.Link.Topics.Info, 1), new(node.Link.Topics.Telemetry("#"), 1), new(node.Link.Topics.Event, 1),
                new(node.Link.Topics.Update, 1),
            ],
        });
        node.Link.Start();
        await node.Online.Next();
        return node;
    }

    public void Ask(string body, string correlation = "c1", Func<MqttMessage, MqttMessage>? change = null,
        string command = "chat")
    {
        var message = new MqttMessage
        {
            Topic = Link.Topics.Request(command), Payload = body.Utf8(), Qos = 1, ResponseTopic = ReplyTopic,
            Correlation = correlation.Utf8(), ContentType = "application/json",
        };
        Assert.True(Asker.Transport.TryPublish(change?.Invoke(message) ?? message));
    }

    /// <summary>The next reply of a kind; its envelope is checked.</summary>
    public async Task<MqttMessage> Reply(string kind)
    {
        var reply = await Asker.Messages.Next(m => m.Property("edge-kind") == kind);
        Assert.False(reply.Retain);
        Assert.Equal(kind, reply.Json().GetProperty("edge").GetProperty("kind").GetString());
        Assert.Equal(reply.Property("edge-seq"), $"{reply.Json().GetProperty("edge").GetProperty("seq")}");
        return reply;
    }

    /// <summary>The next refusal; its code and status stand in body and properties alike.</summary>
    public async Task<MqttMessage> Refusal(string code, int status)
    {
        var reply = await Reply("error");
        var body = reply.Json();
        Assert.Equal((code, status), (body.GetProperty("code").GetString(), body.GetProperty("status").GetInt32()));
        Assert.Equal($"{status}", reply.Property("__stat"));
        Assert.Equal("application/problem+json", reply.ContentType);
        return reply;
    }

    public static ChatResult Result(string text) =>
        new(text, ChatFinish.Stop, 3, 2, new(1.25, 2, 3, 44.5, 1), "demo");

    /// <summary>Starts one of mosquitto's own programs at once; the task gives its exit code and output.</summary>
    public async Task<(int Exit, string Output)> Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, ["-h", "127.0.0.1", "-p", $"{_broker.Port}", .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Broker.Limit);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {Broker.Limit}");
        }
    }

    public void Dispose()
    {
        Link.Dispose();
        Asker.Dispose();
    }

    private MqttOptions Connection(string id) => new()
    {
        Port = _broker.Port, ClientId = id, ReconnectMin = TimeSpan.FromMilliseconds(50),
        ReconnectMax = TimeSpan.FromMilliseconds(200), SessionExpirySeconds = 0,
    };
}
