namespace Edge.Mqtt;

/// <summary>Turns questions into typed calls, or refuses them. Network threads.</summary>
/// <remarks>Not journalled: they change nothing, and whoever hears no answer asks again.</remarks>
internal sealed class QueryEndpoint(Envelope envelope, NodeHandlers handlers)
{
    /// <summary>Whether the owner answers the command at all.</summary>
    public bool Serves(string command) => handlers.OnQuery is not null && QueryCommand.Names.Contains(command);

    public void Receive(MqttMessage message, string command)
    {
        var outside = envelope.Check(message);
        Problem? wrong = null;
        BodyAddress address = default;
        var request = outside is null ? QueryRequest.Read(command, message.Payload, out wrong, out address) : null;
        var reply = envelope.Address(message, address, null, command, out var unaddressable);
        if ((outside ?? unaddressable ?? wrong) is { } refusal) reply.Fail(refusal);
        else handlers.OnQuery!(new(request!, reply, envelope.DeadlineOf(message, request!.TimeoutSeconds)));
    }
}
