namespace Edge.Mqtt;

/// <summary>Who may change what the node serves; without any such rule nobody may.</summary>
/// <param name="Prefix">Of the reply topic, which names the requester; empty: everybody whom the broker lets publish
/// to the command's topic.</param>
/// <param name="Commands">Of <see cref="ControlCommand.Names"/>.</param>
/// <param name="Models">The models that may be named; absent: all that the node knows.</param>
public sealed record ControlRule(string Prefix = "", string[]? Commands = null, string[]? Models = null)
{
    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Validate()
    {
        string where = $"the control rule for '{Prefix}'";
        string names = string.Join(", ", ControlCommand.Names);
        if (Commands is not { Length: > 0 }) return $"{where} allows nothing; name commands: {names}";
        return Commands.FirstOrDefault(name => !ControlCommand.Names.Contains(name)) is { } unknown
            ? $"{where}: '{unknown}' is no command; use {names}" : null;
    }

    internal bool Allows(string replyTopic, ControlRequest request) =>
        replyTopic.StartsWith(Prefix, StringComparison.Ordinal) && Commands!.Contains(request.Command)
        && (Models is null || request.Model is null || Models.Contains(request.Model));
}
