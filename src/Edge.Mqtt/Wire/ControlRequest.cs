namespace Edge.Mqtt;

/// <summary>The commands besides chat, by their names in topics.</summary>
public static class ControlCommand
{
    public const string Load = "model.load", Unload = "model.unload", Pin = "model.pin", Drain = "drain";

    public static IReadOnlyList<string> Names { get; } = [Load, Unload, Pin, Drain];

    /// <summary>The fields of a command's body besides request_id, reply_to and timeout_s.</summary>
    internal static string[] FieldsOf(string command) => command switch
    {
        Load => ["model", "pinned"],
        Unload => ["model"],
        Pin => ["model", "pinned"],
        _ => ["drain"],
    };
}

/// <summary>What an operator asks of a node. A body says what shall be, not what to do, so that it may come
/// twice.</summary>
/// <param name="Model">Null: not named.</param>
/// <param name="Pinned">Of load and pin; null: not said.</param>
/// <param name="Drain">Of drain; absent in the body: true.</param>
public sealed record ControlRequest(string Command, string? Model = null, bool? Pinned = null, bool Drain = true)
{
    internal double? TimeoutSeconds { get; private init; }

    /// <summary>Reads a body; an empty one says nothing. What it does not know it refuses: a misspelt field must not
    /// change what a node serves. Exactly one of the two results is set.</summary>
    internal static ControlRequest? Read(
        string command, ReadOnlyMemory<byte> body, out Problem? problem, out BodyAddress address)
    {
        address = default;
        if (ChatRequestReader.Parse(body.IsEmpty ? "{}"u8.ToArray() : body, out problem) is not { } document)
            return null;
        using (document)
        {
            var root = new JsonFields(document.RootElement, "");
            address = ChatRequestReader.ReadAddress(root);
            string[] fields = ControlCommand.FieldsOf(command);
            var request = new ControlRequest(
                command,
                fields.Contains("model") ? root.String("model", ChatLimits.ModelCharsMax) : null,
                fields.Contains("pinned") ? root.Bool("pinned") : null,
                !fields.Contains("drain") || (root.Bool("drain") ?? true))
            {
                TimeoutSeconds = root.Real("timeout_s", ChatLimits.TimeoutSecondsMin, ChatLimits.TimeoutSecondsMax),
            };
            if (command == ControlCommand.Load && request.Model is null)
                root.Refuse("model", "is missing; name the model to load");
            if (root.Unread.FirstOrDefault() is { } unknown)
                root.Refuse(unknown.TrimStart('/'),
                    $"is no field of {command}; use {string.Join(", ", fields)}, request_id, reply_to, timeout_s");
            problem = root.Fault;
            return problem is null ? request : null;
        }
    }
}
