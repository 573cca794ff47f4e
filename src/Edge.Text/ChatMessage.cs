namespace Edge.Text;

/// <summary>One turn of a chat; roles are the template's: system, user, assistant, tool.</summary>
public sealed record ChatMessage(string Role, string Content);
