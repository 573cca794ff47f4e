using System.Text;
using Edge.Mqtt;

namespace Edge.Fuzz;

/// <summary>A chat request's body from the network: a request within its bounds, or a problem with a place and a
/// remedy; and the reply topic that it names, through the rules.</summary>
internal static class RequestTarget
{
    private static readonly ReplyTopics Rules = new("edgeai/v1", []);

    public static FuzzTarget Row { get; } = new("request", Run)
    {
        Refusals = [typeof(Refused)],
        Complaint = Complaint,
        Generate = Generate,
    };

    /// <summary>A problem as the harness wants it.</summary>
    private sealed class Refused(Problem problem) : Exception($"{problem.Code} {problem.Detail}")
    {
        public Problem Problem { get; } = problem;
    }

    private static void Run(ReadOnlySpan<byte> input)
    {
        byte[] body = input.ToArray();
        bool ok = ChatRequestReader.TryRead(body, out ChatRequest? request, out Problem? problem,
            out BodyAddress address);
        if (ok != request is not null || ok == problem is not null)
            throw new InvalidOperationException("both or neither");
        bool addressed = ChatRequestReader.TryReadAddress(body, out BodyAddress alone);
        if (ok && (!addressed || alone != address)) throw new InvalidOperationException("two addresses");
        if (address.ReplyTo is { } topic && Rules.WhyRefused(topic) is null &&
            (topic.AsSpan().IndexOfAny("+#\0") >= 0 || topic[0] == '$'
                || topic.EndsWith("/req", StringComparison.Ordinal)
                && topic.StartsWith("edgeai/v1", StringComparison.Ordinal)))
            throw new InvalidOperationException($"reply topic {topic} was allowed");
        if (problem is not null) throw new Refused(problem);
        CheckBounds(request!, body.Length);
    }

    private static void CheckBounds(ChatRequest r, int bytes)
    {
        bool within = r.Messages.Count is > 0 and <= ChatLimits.MessagesMax
            && r.Messages.All(m => m.Role is "system" or "user" or "assistant")
            && r.Messages.Sum(m => (long)m.Content.Length) <= bytes
            && r.MaxTokens is null or (>= 1 and <= ChatLimits.MaxTokensMax)
            && r.Temperature is null or (>= 0 and <= ChatLimits.TemperatureMax)
            && r.TopP is null or (>= 0 and <= 1) && r.MinP is null or (>= 0 and <= 1)
            && r.TopK is null or (>= 0 and <= ChatLimits.TopKMax)
            && r.TimeoutSeconds is null or (>= ChatLimits.TimeoutSecondsMin and <= ChatLimits.TimeoutSecondsMax)
            && r.Stop.Count <= ChatLimits.StopMax && r.Stop.All(s => s.Length is > 0 and <= ChatLimits.StopCharsMax)
            && r.Ignored.Count <= ChatLimits.IgnoredMax
            && (r.RequestId is null || Encoding.UTF8.GetByteCount(r.RequestId) <= ChatLimits.CorrelationBytesMax);
        if (!within) throw new InvalidOperationException("a request outside the bounds was accepted");
        if (r.Format.Shape == ReplyShape.JsonSchema) _ = r.Format.Schema.GetRawText();
    }

    private static string? Complaint(Exception e, byte[] input)
    {
        Problem problem = ((Refused)e).Problem;
        if (problem.Pointer is null) return "no pointer";
        if (problem.Pointer.Length > 0 && problem.Pointer[0] != '/') return $"{problem.Pointer} is no JSON pointer";
        if (problem.Status is < 400 or > 505) return $"status {problem.Status}";
        return problem.Detail.Length is < 10 or > 500 ? $"a detail of {problem.Detail.Length} characters" : null;
    }

    private static readonly string[] Names =
    [
        "messages", "model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "min_p", "seed",
            "stop",
        "stream", "response_format", "tools", "tool_choice", "edge", "request_id", "reply_to", "timeout_s", "role",
            "content",
        "type", "text", "json_schema", "schema", "name", "strict", "version", "repetition_penalty", "\\ud800", "x~/y",
            "",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "1", "-1", "0.5", "1e999", "1.0", "99999999999999999999", "9223372036854775807",
            "\"user\"",
        "\"text\"", "\"json_schema\"", "\"json_object\"", "\"clients/a\"", "\"clients/+\"", "\"edgeai/v1/cancel\"",
        "\"edgeai/v1/node/a/cmd/chat/rsp\"", "\"\\ud800\"", "\"\\u0000\"", "\"$SYS/a\"", "\"\"", "[]", "{}", "[1]",
    ];

    /// <summary>JSON that is right in its form and often in its fields.</summary>
    private static byte[] Generate(Random random)
    {
        var json = new StringBuilder("{\"messages\":[{\"role\":\"user\",\"content\":");
        Value(random, json, 3);
        json.Append("}]");
        for (int i = random.Next(8); i > 0; i--) Field(random, json.Append(','), 0);
        return Encoding.UTF8.GetBytes(json.Append('}').ToString());
    }

    private static void Field(Random random, StringBuilder json, int depth)
    {
        json.Append('"').Append(Names[random.Next(Names.Length)]).Append("\":");
        Value(random, json, depth);
    }

    private static void Value(Random random, StringBuilder json, int depth)
    {
        int kind = depth > 5 ? 9 : random.Next(10);
        if (kind > 2)
        {
            json.Append(Values[random.Next(Values.Length)]);
            return;
        }
        json.Append(kind == 0 ? '[' : '{');
        for (int i = 0, count = random.Next(4); i < count; i++)
        {
            if (i > 0) json.Append(',');
            if (kind == 0) Value(random, json, depth + 1);
            else Field(random, json, depth + 1);
        }
        json.Append(kind == 0 ? ']' : '}');
    }
}
