namespace Edge.Mqtt;

/// <summary>Where replies may go. The node must not become a way to publish anywhere, or talk to itself.</summary>
public sealed class ReplyTopics(string root, IReadOnlyList<string> morePrefixes)
{
    public const string ClientsPrefix = "clients/";

    /// <summary>Null, or why no reply goes to <paramref name="topic"/>, with the remedy.</summary>
    public string? WhyRefused(string topic)
    {
        if (TopicName.WhyInvalid(topic) is { } invalid) return $"the reply topic is not usable: {invalid}";
        // Everything of the contract is under the root; only topics that end in /rsp are meant for replies.
        if (topic.StartsWith(root + "/", StringComparison.Ordinal))
            return topic.EndsWith("/rsp", StringComparison.Ordinal) ? null
                : $"the reply topic is one of the node's own; under {root}/ only topics ending in /rsp take replies";
        if (IsBelow(topic, ClientsPrefix) || morePrefixes.Any(prefix => IsBelow(topic, prefix))) return null;
        return $"the reply topic is outside the allowed prefixes; use {ClientsPrefix}…, " +
            "or let the operator add its prefix";
    }

    private static bool IsBelow(string topic, string prefix) =>
        topic.Length > prefix.Length && topic.StartsWith(prefix, StringComparison.Ordinal);
}
