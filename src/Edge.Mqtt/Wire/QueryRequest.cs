namespace Edge.Mqtt;

/// <summary>The commands that only ask and that everybody may use.</summary>
public static class QueryCommand
{
    public const string Tokenize = "tokenize", Health = "health";

    public static IReadOnlyList<string> Names { get; } = [Tokenize, Health];

    /// <summary>The fields of a command's body besides request_id, reply_to and timeout_s.</summary>
    internal static string[] FieldsOf(string command) =>
        command == Tokenize ? ["model", "text", "messages"] : [];
}

/// <summary>What somebody asks of a node besides an answer of its model.</summary>
/// <param name="Text">Of tokenize: a text as it may stand in a message.</param>
/// <param name="Messages">Of tokenize, instead of a text: a conversation, whose template counts too.</param>
public sealed record QueryRequest(
    string Command, string? Model = null, string? Text = null, IReadOnlyList<ChatTurn>? Messages = null)
{
    internal double? TimeoutSeconds { get; private init; }

    /// <summary>Reads a body; an empty one says nothing. Exactly one of the two results is set.</summary>
    internal static QueryRequest? Read(
        string command, ReadOnlyMemory<byte> body, out Problem? problem, out BodyAddress address)
    {
        address = default;
        if (ChatRequestReader.Parse(body.IsEmpty ? "{}"u8.ToArray() : body, out problem) is not { } document)
            return null;
        using (document)
        {
            var root = new JsonFields(document.RootElement, "");
            address = ChatRequestReader.ReadAddress(root);
            string fields = string.Join(", ", QueryCommand.FieldsOf(command).Append("request_id, reply_to, timeout_s"));
            bool tokenizes = command == QueryCommand.Tokenize;
            string? text = tokenizes ? root.String("text", ChatLimits.ContentCharsMax, 0) : null;
            var request = new QueryRequest(
                command, tokenizes ? root.String("model", ChatLimits.ModelCharsMax) : null, text,
                tokenizes && text is null ? ChatRequestReader.ReadMessages(root) : null)
            {
                TimeoutSeconds = root.Real("timeout_s", ChatLimits.TimeoutSecondsMin, ChatLimits.TimeoutSecondsMax),
            };
            if (root.Unread.FirstOrDefault() is { } unknown)
                root.Refuse(unknown.TrimStart('/'), text is not null && unknown == "/messages"
                    ? "stands beside text; send one of them"
                    : $"is no field of {command}; use {fields}");
            problem = root.Fault;
            return problem is null ? request : null;
        }
    }
}
