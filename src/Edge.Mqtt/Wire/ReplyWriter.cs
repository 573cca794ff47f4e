using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Edge.Mqtt;

/// <summary>The bodies of replies, written by hand because their field names are OpenAI's and RFC 9457's.</summary>
internal static class ReplyWriter
{
    private const string Instance = "urn:edge:request:";

    // Readable text on the wire; the relaxed encoder still escapes what JSON must escape.
    private static readonly JsonWriterOptions s_options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Accepted(ReplyHead head, int seq, int position, IReadOnlyList<string> ignored) => Write(w =>
    {
        w.WriteString("id", head.Id);
        w.WriteString("object", "edge.accepted");
        w.WriteNumber("status", 202);
        w.WriteNumber("position", position);
        Edge(w, head, "accepted", seq, ignored);
    });

    public static byte[] Delta(ReplyHead head, int seq, ReadOnlyMemory<char> text, string model, bool first,
        ChatFinish? finish) => Write(w =>
    {
        Head(w, head, "chat.completion.chunk", model);
        w.WriteStartArray("choices");
        w.WriteStartObject();
        w.WriteNumber("index", 0);
        w.WriteStartObject("delta");
        if (first) w.WriteString("role", "assistant");
        w.WriteString("content", text.Span);
        w.WriteEndObject();
        WriteFinish(w, finish);
        w.WriteEndObject();
        w.WriteEndArray();
        Edge(w, head, "delta", seq, []);
    });

    public static byte[] Final(ReplyHead head, int seq, ChatResult result) => Write(w =>
    {
        Head(w, head, "chat.completion", result.Model);
        w.WriteStartArray("choices");
        w.WriteStartObject();
        w.WriteNumber("index", 0);
        w.WriteStartObject("message");
        w.WriteString("role", "assistant");
        w.WriteString("content", result.Text);
        w.WriteEndObject();
        WriteFinish(w, result.Finish);
        w.WriteEndObject();
        w.WriteEndArray();
        w.WriteStartObject("usage");
        w.WriteNumber("prompt_tokens", result.PromptTokens);
        w.WriteNumber("completion_tokens", result.CompletionTokens);
        w.WriteNumber("total_tokens", result.PromptTokens + result.CompletionTokens);
        w.WriteEndObject();
        w.WriteStartObject("timings");
        Number(w, "queue_ms", result.Timings.QueueMs);
        Number(w, "prompt_ms", result.Timings.PromptMs);
        Number(w, "ttft_ms", result.Timings.TtftMs);
        Number(w, "tok_s", result.Timings.TokS);
        w.WriteNumber("cached_tokens", result.Timings.CachedTokens);
        if (result.Timings.Drafted is { } drafted) w.WriteNumber("drafted", drafted);
        if (result.Timings.Accepted is { } accepted) w.WriteNumber("accepted", accepted);
        w.WriteEndObject();
        Edge(w, head, "final", seq, []);
    });

    public static byte[] Done(ReplyHead head, int seq, string kind, Action<Utf8JsonWriter> fields) => Write(w =>
    {
        w.WriteString("id", head.Id);
        w.WriteString("object", kind);
        w.WriteNumber("status", 200);
        fields(w);
        Edge(w, head, "final", seq, []);
    });

    public static byte[] Error(ReplyHead head, int seq, Problem problem) => Write(w =>
    {
        var row = ProblemTable.Of(problem.Code);
        w.WriteString("type", "urn:edge:problem:" + row.Name);
        w.WriteString("title", row.Title);
        w.WriteNumber("status", problem.Status);
        w.WriteString("detail", problem.Detail);
        w.WriteString("instance", Instance + head.Id);
        w.WriteString("code", row.Name);
        if (problem.RetryAfterSeconds is { } retry) Number(w, "retry_after_s", retry);
        if (problem.Pointer is { } pointer) w.WriteString("pointer", pointer);
        if (problem.PromptTokens is { } prompt) w.WriteNumber("prompt_tokens", prompt);
        if (problem.ContextTokens is { } context) w.WriteNumber("context_tokens", context);
        Edge(w, head, "error", seq, []);
    });

    /// <summary>A problem to send instead of a last reply that the broker never takes; null where nothing smaller can
    /// be said.</summary>
    public static MqttMessage? InsteadOf(MqttMessage tooLarge)
    {
        string? kind = Property(tooLarge, "edge-kind");
        if (kind is not ("final" or "error") || !int.TryParse(Property(tooLarge, "edge-seq"), out int seq)) return null;
        using var json = JsonDocument.Parse(tooLarge.Payload);
        var edge = json.RootElement.GetProperty("edge");
        string id = json.RootElement.TryGetProperty("id", out var named) ? named.GetString()!
            : json.RootElement.GetProperty("instance").GetString()![Instance.Length..];
        var head = new ReplyHead(id, edge.GetProperty("node").GetString()!, tooLarge.Topic, tooLarge.Correlation,
            edge.TryGetProperty("request_id", out var request) ? request.GetString() : null, 0);
        var problem = new Problem(ProblemCode.Internal,
            $"the answer has {tooLarge.Payload.Length} bytes, and the broker takes packets of at most " +
            $"{tooLarge.PacketBytesMax} (its Maximum Packet Size); ask for fewer tokens, or raise the broker's limit");
        byte[] body = Error(head, seq, problem);
        return body.Length >= tooLarge.Payload.Length ? null : tooLarge with
        {
            Payload = body, ContentType = "application/problem+json", PacketBytesMax = 0,
            UserProperties = [new("edge-kind", "error"), new("edge-seq", $"{seq}"), new("__stat", $"{problem.Status}")],
        };
    }

    private static string? Property(MqttMessage message, string name)
    {
        foreach (var (key, value) in message.UserProperties)
            if (key == name) return value;
        return null;
    }

    private static void Head(Utf8JsonWriter w, ReplyHead head, string kind, string model)
    {
        w.WriteString("id", head.Id);
        w.WriteString("object", kind);
        w.WriteNumber("created", head.CreatedUnixSeconds);
        w.WriteString("model", model);
    }

    private static void WriteFinish(Utf8JsonWriter w, ChatFinish? finish)
    {
        if (finish is null) w.WriteNull("finish_reason");
        else w.WriteString("finish_reason", finish == ChatFinish.Stop ? "stop" : "length");
    }

    // What MQTT 5 clients read from the properties, MQTT 3.1.1 clients read here.
    private static void Edge(Utf8JsonWriter w, ReplyHead head, string kind, int seq, IReadOnlyList<string> ignored)
    {
        w.WriteStartObject("edge");
        w.WriteString("kind", kind);
        w.WriteNumber("seq", seq);
        w.WriteString("node", head.NodeId);
        if (head.RequestId is { } id) w.WriteString("request_id", id);
        if (kind == "accepted")
        {
            w.WriteStartArray("ignored");
            foreach (string field in ignored) w.WriteStringValue(field);
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter w, string name, double value) =>
        w.WriteNumber(name, double.IsFinite(value) ? Math.Round(value, 3) : 0);

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var w = new Utf8JsonWriter(buffer, s_options))
        {
            w.WriteStartObject();
            fields(w);
            w.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
