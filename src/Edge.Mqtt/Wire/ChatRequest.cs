using System.Text.Json;

namespace Edge.Mqtt;

/// <summary>One message of the conversation; content parts are already joined.</summary>
public sealed record ChatTurn(string Role, string Content);

public enum ReplyShape { Text, JsonObject, JsonSchema }

/// <summary>How the reply must look. Schema is set (and outlives the message) only for JsonSchema; Strict as the
/// client gave it.</summary>
public sealed record ReplyFormat(ReplyShape Shape, string? Name = null, JsonElement Schema = default,
    bool Strict = false);

/// <summary>A chat request that passed every check of the wire; what the client left out is null.</summary>
public sealed record ChatRequest
{
    public string? Model { get; init; }
    public required IReadOnlyList<ChatTurn> Messages { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public double? MinP { get; init; }
    public ulong? Seed { get; init; }
    public IReadOnlyList<string> Stop { get; init; } = [];
    public bool Stream { get; init; }
    public ReplyFormat Format { get; init; } = new(ReplyShape.Text);
    /// <summary>edge.repetition_penalty</summary>
    public double? RepetitionPenalty { get; init; }

    // For clients that speak MQTT 3.1.1; properties of an MQTT 5 message go first.
    public string? RequestId { get; init; }
    public string? ReplyTo { get; init; }
    public double? TimeoutSeconds { get; init; }

    /// <summary>Fields that this node does not know, as JSON pointers; told to the client in `accepted`.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}
