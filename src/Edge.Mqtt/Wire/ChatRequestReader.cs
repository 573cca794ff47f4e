using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Edge.Mqtt;

/// <summary>Bytes from the network to a <see cref="ChatRequest"/>; whatever is wrong becomes a problem with a JSON
/// pointer and a remedy.</summary>
public static class ChatRequestReader
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = ChatLimits.DepthMax };

    /// <summary>Exactly one of the two results is set. Errors: none; every byte string gives a request or a
    /// problem.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, out ChatRequest? request, out Problem? problem) =>
        TryRead(body, out request, out problem, out _);

    /// <summary>Also gives what was found of request_id and reply_to when the rest is refused, so that the refusal
    /// reaches its requester.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> body, out ChatRequest? request, out Problem? problem, out BodyAddress address)
    {
        request = null;
        address = default;
        if (Parse(body, out problem) is not { } document) return false;
        using (document)
        {
            var root = new JsonFields(document.RootElement, "");
            address = ReadAddress(root);
            if (root.Fault is null) request = Read(root, address);
            problem = root.Fault;
            if (problem is not null) request = null;
        }
        return request is not null;
    }

    /// <summary>Only who and where, as a cancel's body has it. False: no JSON object, or a field of the wrong
    /// form.</summary>
    public static bool TryReadAddress(ReadOnlyMemory<byte> body, out BodyAddress address)
    {
        address = default;
        if (Parse(body, out _) is not { } document) return false;
        using (document)
        {
            var root = new JsonFields(document.RootElement, "");
            address = ReadAddress(root);
            return root.Fault is null;
        }
    }

    internal static JsonDocument? Parse(ReadOnlyMemory<byte> body, out Problem? problem)
    {
        problem = null;
        if (!Utf8.IsValid(body.Span))
        {
            problem = new(ProblemCode.InvalidPayload, "the body is not valid UTF-8; send JSON in UTF-8", "");
            return null;
        }
        try { return JsonDocument.Parse(body, s_options); }
        catch (JsonException e)
        {
            problem = new(ProblemCode.InvalidPayload, "the body is not JSON (line " +
                $"{(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}; " +
                $"at most {ChatLimits.DepthMax} levels deep); send one JSON object", "");
            return null;
        }
    }

    internal static BodyAddress ReadAddress(JsonFields root)
    {
        _ = root.String("reply_to", TopicName.BytesMax);
        string? id = root.String("request_id", ChatLimits.CorrelationBytesMax)
            ?? root.PeekText("request_id", ChatLimits.CorrelationBytesMax);
        if (id is not null && Encoding.UTF8.GetByteCount(id) > ChatLimits.CorrelationBytesMax)
        {
            root.Refuse("request_id", $"must have at most {ChatLimits.CorrelationBytesMax} bytes in UTF-8");
            id = null;
        }
        return new(id, root.PeekText("reply_to", TopicName.BytesMax));
    }

    private static ChatRequest? Read(JsonFields root, BodyAddress address)
    {
        var edge = new JsonFields(root.Take("edge"), "/edge");
        ReadEdge(root, edge, out double? penalty);
        if (root.Take("tools") is { } tools && !(tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
            root.Refuse("tools", "is not served by this node; leave it out, or describe the reply by response_format",
                ProblemCode.SchemaUnsupported);
        if (root.Take("tool_choice") is { } choice &&
            (choice.ValueKind != JsonValueKind.String ||
                root.String("tool_choice", ChatLimits.NameCharsMax) is not ("none" or "auto")))
            root.Refuse("tool_choice", "asks for a tool, which this node does not serve; leave it out",
                ProblemCode.SchemaUnsupported);
        var request = new ChatRequest
        {
            Model = root.String("model", ChatLimits.ModelCharsMax),
            Messages = ReadMessages(root),
            MaxTokens = (int?)(root.Integer("max_completion_tokens", 1, ChatLimits.MaxTokensMax)
                ?? root.Integer("max_tokens", 1, ChatLimits.MaxTokensMax)),
            Temperature = root.Real("temperature", 0, ChatLimits.TemperatureMax),
            TopP = root.Real("top_p", 0, 1),
            TopK = (int?)root.Integer("top_k", 0, ChatLimits.TopKMax),
            MinP = root.Real("min_p", 0, 1),
            Seed = (ulong?)root.Integer("seed", 0, long.MaxValue),
            Stop = ReadStop(root),
            Stream = root.Bool("stream") ?? false,
            Format = ReadFormat(root),
            RepetitionPenalty = penalty,
            RequestId = address.RequestId,
            ReplyTo = address.ReplyTo,
            TimeoutSeconds = root.Real("timeout_s", ChatLimits.TimeoutSecondsMin, ChatLimits.TimeoutSecondsMax),
        };
        _ = root.Take("max_tokens");
        if (root.Fault is not null) return null;
        return request with { Ignored = [.. root.Unread.Concat(edge.Unread).Take(ChatLimits.IgnoredMax)] };
    }

    private static void ReadEdge(JsonFields root, JsonFields edge, out double? penalty)
    {
        penalty = edge.Real("repetition_penalty", ChatLimits.PenaltyMin, ChatLimits.PenaltyMax);
        long? version = edge.Integer("version", 1, int.MaxValue);
        if (version > ChatLimits.Version)
            edge.Refuse("version", $"asks for version {version}; this node serves {ChatLimits.Version}",
                ProblemCode.Version);
        Adopt(root, edge);
    }

    internal static List<ChatTurn> ReadMessages(JsonFields root)
    {
        var turns = new List<ChatTurn>();
        if (root.Take("messages") is not { } messages)
        {
            root.Refuse("messages", "is missing; send at least one message");
            return turns;
        }
        if (messages.ValueKind != JsonValueKind.Array)
            root.Refuse("messages", $"must be an array, not {JsonFields.KindName(messages.ValueKind)}");
        else if (messages.GetArrayLength() is 0 or > ChatLimits.MessagesMax)
            root.Refuse("messages",
                $"must have 1 to {ChatLimits.MessagesMax} messages, not {messages.GetArrayLength()}");
        if (root.Fault is not null) return turns;
        int index = 0;
        foreach (var element in messages.EnumerateArray())
        {
            var turn = new JsonFields(element, $"/messages/{index++}");
            string? role = turn.String("role", ChatLimits.NameCharsMax);
            if (role is null) turn.Refuse("role", "is missing; use system, user or assistant");
            else if (role is "developer") role = "system";
            else if (role is not ("system" or "user" or "assistant"))
                turn.Refuse("role", "is not served; use system, user or assistant");
            string content = ReadContent(turn);
            Adopt(root, turn);
            if (root.Fault is not null) return turns;
            turns.Add(new(role!, content));
        }
        return turns;
    }

    private static string ReadContent(JsonFields turn)
    {
        if (turn.Take("content") is not { } content)
        {
            turn.Refuse("content", "is missing; send a string or an array of text parts");
            return "";
        }
        if (content.ValueKind == JsonValueKind.String) return turn.String("content", ChatLimits.ContentCharsMax, 0)
            ?? "";
        if (content.ValueKind != JsonValueKind.Array || content.GetArrayLength() > ChatLimits.PartsMax)
        {
            turn.Refuse("content", $"must be a string or an array of at most {ChatLimits.PartsMax} text parts");
            return "";
        }
        var text = new StringBuilder();
        int index = 0;
        foreach (var element in content.EnumerateArray())
        {
            var part = new JsonFields(element, turn.PointerTo("content") + $"/{index++}");
            if (part.String("type", ChatLimits.NameCharsMax) is { } type and not "text")
                part.Refuse("type", "is not text; this node reads text only", ProblemCode.UnsupportedMedia);
            else if (part.String("text", ChatLimits.ContentCharsMax, 0) is { } piece) text.Append(piece);
            else part.Refuse("", "needs type \"text\" and a string text");
            Adopt(turn, part);
            if (turn.Fault is not null) return "";
        }
        return text.ToString();
    }

    private static List<string> ReadStop(JsonFields root)
    {
        var stops = new List<string>();
        if (root.Take("stop") is not { } stop) return stops;
        if (stop.ValueKind == JsonValueKind.String)
        {
            if (root.String("stop", ChatLimits.StopCharsMax) is { } one) stops.Add(one);
            return stops;
        }
        if (stop.ValueKind != JsonValueKind.Array || stop.GetArrayLength() > ChatLimits.StopMax)
        {
            root.Refuse("stop", $"must be a string or an array of at most {ChatLimits.StopMax} strings");
            return stops;
        }
        foreach (var element in stop.EnumerateArray())
        {
            string? text = JsonFields.TextOf(element, $"/stop/{stops.Count}", 1, ChatLimits.StopCharsMax,
                out var fault);
            if (fault is not null) root.Refuse(fault);
            if (text is null) break;
            stops.Add(text);
        }
        return stops;
    }

    private static ReplyFormat ReadFormat(JsonFields root)
    {
        if (root.Take("response_format") is not { } element) return new(ReplyShape.Text);
        var format = new JsonFields(element, "/response_format");
        string? type = format.String("type", ChatLimits.NameCharsMax);
        ReplyFormat result = new(type == "json_object" ? ReplyShape.JsonObject : ReplyShape.Text);
        if (type is not ("text" or "json_object" or "json_schema"))
            format.Refuse("type", "must be text, json_object or json_schema");
        if (type == "json_schema")
        {
            var inner = new JsonFields(format.Take("json_schema"), "/response_format/json_schema");
            var schema = inner.Take("schema");
            if (schema is not { ValueKind: JsonValueKind.Object or JsonValueKind.True })
                inner.Refuse("schema", "is missing or no object; send the JSON Schema of the reply");
            string? name = inner.String("name", ChatLimits.NameCharsMax);
            bool strict = inner.Bool("strict") ?? false;
            // Cloned: the document's memory goes back when this reader is done.
            if (inner.Fault is null) result = new(ReplyShape.JsonSchema, name, schema!.Value.Clone(), strict);
            Adopt(format, inner);
        }
        Adopt(root, format);
        return result;
    }

    private static void Adopt(JsonFields outer, JsonFields inner)
    {
        if (inner.Fault is { } fault) outer.Refuse(fault);
    }
}
