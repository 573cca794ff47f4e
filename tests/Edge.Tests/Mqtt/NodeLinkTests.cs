using System.Diagnostics;
using System.Text.Json;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class NodeLinkTests(Broker broker) : IClassFixture<Broker>
{
    private const string Hello = """{"messages":[{"role":"user","content":"hello"}]}""";
    private const string HelloStream = """{"messages":[{"role":"user","content":"hello"}],"stream":true,"user":"u"}""";

    [Fact]
    public async Task Chat_Streamed_GivesAcceptedDeltasAndOneFinal()
    {
        using var node = await Node.Start(broker);
        node.Ask(HelloStream);
        var call = await node.Calls.Next();
        Assert.Equal([new("user", "hello")], call.Request.Messages);
        Assert.True(call.Reply.Accepted(4));
        Assert.False(call.Reply.Accepted(4));
        call.Reply.Delta("Grü");
        var first = await node.Reply("accepted");
        Assert.Equal(("202", "c1"), (first.Property("__stat"),
            System.Text.Encoding.UTF8.GetString(first.Correlation.Span)));
        Assert.Equal((202, 4), (first.Json().GetProperty("status").GetInt32(),
            first.Json().GetProperty("position").GetInt32()));
        Assert.Equal(node.Name, first.Json().GetProperty("edge").GetProperty("node").GetString());
        Assert.Equal("/user", first.Json().GetProperty("edge").GetProperty("ignored")[0].GetString());
        var delta = await node.Reply("delta");
        Assert.Equal(("chat.completion.chunk", 0), (delta.Json().GetProperty("object").GetString(), delta.Qos));
        foreach (string piece in new[] { "ß", " ", "😀" }) call.Reply.Delta(piece);
        Assert.True(call.Reply.Final(Node.Result("Grüß 😀")));
        Assert.False(call.Reply.Final(Node.Result("again")));
        Assert.False(call.Reply.Fail(new(ProblemCode.Internal, "late")));
        call.Reply.Delta("late");
        var final = await node.Reply("final");
        var body = final.Json();
        Assert.Equal((1, "200"), (final.Qos, final.Property("__stat")));
        Assert.Equal("Grüß 😀",
            body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(5, body.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal("""{"queue_ms":1.25,"prompt_ms":2,"ttft_ms":3,"tok_s":44.5,"cached_tokens":1}""",
            body.GetProperty("timings").GetRawText());
        // Deltas are QoS 0 and ordered with the final on a loopback broker: together they are the answer, the last
        // one says why it ended.
        var deltas = node.Asker.Messages.Seen.Where(m => m.Property("edge-kind") == "delta").Select(m =>
            m.Json()).ToList();
        Assert.Equal("Grüß 😀", string.Concat(deltas.Select(d => Delta(d).GetProperty("content").GetString())));
        Assert.Equal("assistant", Delta(deltas[0]).GetProperty("role").GetString());
        Assert.Equal("stop", deltas[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Single(node.Asker.Messages.Seen, m => m.Property("edge-kind") is "final" or "error");
        Assert.Equal(0, node.Link.LiveCalls);
    }

    private static JsonElement Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");

    [Fact]
    public async Task Chat_NotStreamed_GivesNoDelta()
    {
        using var node = await Node.Start(broker, onChat: call =>
        {
            call.Reply.Accepted(0);
            call.Reply.Delta("unseen");
            call.Reply.Final(Node.Result("seen"));
        });
        node.Ask(Hello);
        await node.Reply("final");
        Assert.DoesNotContain(node.Asker.Messages.Seen, m => m.Property("edge-kind") == "delta");
    }

    [Fact]
    public async Task Final_FromManyThreads_IsSentOnce()
    {
        using var node = await Node.Start(broker);
        node.Ask(HelloStream);
        var call = await node.Calls.Next();
        int won = 0;
        Parallel.For(0, 32, i =>
        {
            call.Reply.Delta("x");
            if (i % 2 == 0 ? call.Reply.Final(Node.Result("x")) : call.Reply.Fail(new(ProblemCode.Timeout, "t")))
                Interlocked.Increment(ref won);
        });
        Assert.Equal(1, won);
        await node.Asker.Messages.Next(m => m.Property("edge-kind") is "final" or "error");
        node.Ask(Hello, "second");
        (await node.Calls.Next()).Reply.Final(Node.Result("y"));
        await node.Asker.Messages.Next(m => m.Text().Contains("\"y\""));
        Assert.Equal(2, node.Asker.Messages.Seen.Count(m => m.Property("edge-kind") is "final" or "error"));
    }

    [Fact]
    public async Task Deadline_FromExpiryBodyOrDefault_IsMonotonic()
    {
        using var node = await Node.Start(broker, o =>
            o with { TimeoutDefault = TimeSpan.FromSeconds(77), TimeoutMax = TimeSpan.FromSeconds(90) });
        node.Ask(Hello, "a");
        node.Ask(Hello, "b", m => m with { ExpirySeconds = 30 });
        node.Ask("""{"messages":[{"role":"user","content":"x"}],"timeout_s":12.5}""", "c");
        node.Ask(Hello, "d", m => m with { ExpirySeconds = 5000 });
        foreach (double seconds in new[] { 77, 30, 12.5, 90 })
        {
            var call = await node.Calls.Next();
            Assert.Equal(seconds, Stopwatch.GetElapsedTime(call.ReceivedAt, call.Deadline).TotalSeconds, 2);
        }
    }

    [Fact]
    public async Task Requests_ThatCannotBeServed_AreRefusedWithTheirCode()
    {
        using var node = await Node.Start(broker, o => o with { CallsMax = 1 });
        node.Ask("{not json");
        Assert.Equal("c1", System.Text.Encoding.UTF8.GetString((await node.Refusal("invalid_payload",
            400)).Correlation.Span));
        node.Ask("""{"messages":5}""");
        Assert.Equal("/messages", (await node.Refusal("invalid_payload",
            400)).Json().GetProperty("pointer").GetString());
        node.Ask(Hello, change: m => m with { ContentType = "text/plain" });
        await node.Refusal("unsupported_media", 415);
        node.Ask(Hello, change: m => m with { ContentType = "application/json; charset=utf-8",
            Payload = new byte[4001] });
        Assert.Contains("4001 bytes", (await node.Refusal("invalid_payload", 413)).Text());
        node.Ask(Hello, new string('x', 65));
        Assert.True((await node.Refusal("invalid_payload", 400)).Correlation.IsEmpty);
        node.Ask("""{"messages":[{"role":"user","content":"x"}],"tools":[{}]}""");
        await node.Refusal("schema_unsupported", 422);
        node.Ask(Hello, command: "embed");
        Assert.Contains("embed", (await node.Refusal("version", 505)).Text());
        Assert.Empty(node.Calls.Seen);
        node.Ask(Hello, "one");
        await node.Calls.Next();
        node.Ask(Hello, "two");
        Assert.True((await node.Refusal("queue_full", 429)).Json().GetProperty("retry_after_s").GetDouble() > 0);
    }

    [Fact]
    public async Task Retained_Request_IsRefused()
    {
        using var node = await Node.Start(broker);
        node.Ask(Hello, change: m => m with { Retain = true });
        Assert.Contains("retain", (await node.Refusal("invalid_payload", 400)).Text());
        Assert.Empty(node.Calls.Seen);
        await node.Run("mosquitto_pub", "-t", node.Link.Topics.Request("chat"), "-r", "-n");
    }

    [Theory]
    [InlineData("edgeai/v1/cancel")]
    [InlineData("edgeai/v1/node/{id}/cmd/chat/req")]
    [InlineData("edgeai/v1/node/{id}/status")]
    [InlineData("somewhere/else")]
    public async Task ReplyTopic_NotAllowed_IsRefusedOnTheFallbackTopic(string topic)
    {
        using var node = await Node.Start(broker);
        node.Ask(Hello, change: m => m with { ResponseTopic = topic.Replace("{id}", node.Name) });
        var refusal = await node.Refusal("invalid_payload", 400);
        Assert.Equal(node.Link.Topics.Response("chat"), refusal.Topic);
        Assert.Empty(node.Calls.Seen);
    }

    [Fact]
    public async Task ReplyTopic_WithWildcardInBody_IsRefused()
    {
        using var node = await Node.Start(broker);
        node.Ask("""{"messages":[{"role":"user","content":"x"}],"reply_to":"clients/#","request_id":"w"}""",
            change: m => m with { ResponseTopic = null });
        var refusal = await node.Refusal("invalid_payload", 400);
        Assert.Equal((node.Link.Topics.Response("chat"), "/reply_to"),
            (refusal.Topic, refusal.Json().GetProperty("pointer").GetString()));
        Assert.Equal("w", refusal.Json().GetProperty("edge").GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task Cancel_ByCorrelation_ReachesOnlyItsCall()
    {
        using var node = await Node.Start(broker);
        node.Ask(Hello, "mine");
        node.Ask(Hello, "other");
        await node.Calls.Next();
        await node.Calls.Next();
        // Another requester's reply topic: not its call.
        Cancel(node, m => m with { Correlation = "mine"u8.ToArray(), ResponseTopic = "clients/stranger" });
        Cancel(node, m => m with { Correlation = "mine"u8.ToArray(), ResponseTopic = node.ReplyTopic });
        await node.Refusal("cancelled", 499);
        Cancel(node, m => m with { Correlation = "other"u8.ToArray() });
        await node.Refusal("cancelled", 499);
        Assert.Equal(2, node.Cancels.Seen.Count);
        Assert.Equal(0, node.Link.LiveCalls);
    }

    [Fact]
    public async Task Cancel_KeyOfTwoRequesters_NeedsTheReplyTopic()
    {
        using var node = await Node.Start(broker);
        node.Ask(Hello, "same");
        node.Ask(Hello, "same", m => m with { ResponseTopic = node.ReplyTopic + "/2" });
        var first = await node.Calls.Next();
        await node.Calls.Next();
        Cancel(node, m => m with { Correlation = "same"u8.ToArray() });
        Cancel(node, m => m with { Correlation = "same"u8.ToArray(), ResponseTopic = node.ReplyTopic });
        Assert.Same(first, await node.Cancels.Next());
        // A call lives until its answer is acknowledged.
        var clock = Stopwatch.StartNew();
        while (node.Link.LiveCalls != 1 && clock.Elapsed < Broker.Limit) await Task.Delay(10);
        Assert.Equal(1, node.Link.LiveCalls);
    }

    private static void Cancel(Node node, Func<MqttMessage, MqttMessage> change) =>
        node.Asker.Transport.TryPublish(change(new() { Topic = node.Link.Topics.Cancel, Qos = 1 }));

    [Fact]
    public async Task Duplicate_WhileRunning_IsAnsweredOnceAndAnotherBodyRefused()
    {
        using var node = await Node.Start(broker);
        node.Ask(Hello, "d");
        var call = await node.Calls.Next();
        node.Ask(Hello, "d");
        node.Ask(HelloStream, "d");
        Assert.Contains("still running", (await node.Refusal("invalid_payload", 400)).Text());
        call.Reply.Final(Node.Result("once"));
        await node.Reply("final");
        Assert.Single(node.Calls.Seen);
    }

    [Fact]
    public async Task Mqtt311_FieldsInTheBody_DoTheSame()
    {
        using var node = await Node.Start(broker, onChat: call => call.Reply.Final(Node.Result("from 3.1.1")));
        string reply = $"clients/{node.Name}/old";
        string body = $$"""
            {"messages":[{"role":"user","content":"x"}],"request_id":"r-1","timeout_s":20,"reply_to":"{{reply}}"}
            """;
        // At QoS 1 the answer waits for a listener that is slow to read; the name is whole, so that no other fits.
        var answer = node.Run(
            "mosquitto_sub", "-V", "311", "-q", "1", "-i", $"old-{node.Name}-", "-t", reply, "-C", "1");
        await broker.Logged($"Sending SUBACK to old-{node.Name}-");
        var asked = await node.Run("mosquitto_pub", "-V", "311", "-q", "1", "-t", node.Link.Topics.Request("chat"),
            "-m", body);
        Assert.Equal((0, ""), asked);
        var (exit, output) = await answer;
        Assert.True(exit == 0, output);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal("r-1", json.GetProperty("edge").GetProperty("request_id").GetString());
        Assert.Equal("final", json.GetProperty("edge").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Cancel_ByRequestIdOfAnMqtt311Client_ReachesItsCall()
    {
        using var node = await Node.Start(broker);
        node.Ask("""{"messages":[{"role":"user","content":"x"}],"request_id":"r-9"}""", change: m =>
            m with { Correlation = default });
        await node.Calls.Next();
        await node.Run("mosquitto_pub", "-V", "311", "-q", "1", "-t", node.Link.Topics.Cancel, "-m",
            """{"request_id":"r-9"}""");
        await node.Refusal("cancelled", 499);
    }

    [Fact]
    public async Task MosquittoRr_OneCommand_GetsTheAnswer()
    {
        using var node = await Node.Start(broker, onChat: call => call.Reply.Final(Node.Result("rr")));
        var (exit, output) = await node.Run("mosquitto_rr", "-V", "5", "-q", "1", "-W", "50", "-t",
            node.Link.Topics.Request("chat"),
            "-e", $"clients/{node.Name}/rr", "-D", "publish", "content-type", "application/json", "-m", Hello);
        Assert.Equal(0, exit);
        Assert.Contains("\"content\":\"rr\"", output);
    }

    [Fact]
    public async Task EveryProblem_OnTheWire_IsProblemJson()
    {
        using var node = await Node.Start(broker);
        foreach (var row in ProblemTable.Rows)
        {
            node.Ask(Hello, row.Name);
            (await node.Calls.Next()).Reply.Fail(new(row.Code, "what and why", "/x", 1.5, 10, 5));
            var body = (await node.Refusal(row.Name, row.Status)).Json();
            Assert.Equal("urn:edge:problem:" + row.Name, body.GetProperty("type").GetString());
            Assert.Equal((row.Title, "what and why"),
                (body.GetProperty("title").GetString(), body.GetProperty("detail").GetString()));
            Assert.StartsWith("urn:edge:request:", body.GetProperty("instance").GetString());
            Assert.Equal((1.5, 10, 5), (body.GetProperty("retry_after_s").GetDouble(),
                body.GetProperty("prompt_tokens").GetInt32(),
                body.GetProperty("context_tokens").GetInt32()));
        }
    }
}
