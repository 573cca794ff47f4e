namespace Edge.Mqtt;

/// <summary>Turns an operator's messages into typed calls, or refuses them. Network threads.</summary>
/// <remarks>These calls are not journalled: they say what shall be, and whoever hears no answer says it
/// again.</remarks>
internal sealed class ControlEndpoint(
    NodeTopics topics, Envelope envelope, NodeHandlers handlers, IReadOnlyList<ControlRule> rules)
{
    /// <summary>Whether anybody may use the command here.</summary>
    public bool Serves(string command) => rules.Any(rule => rule.Commands!.Contains(command));

    public void Receive(MqttMessage message, string command)
    {
        var outside = envelope.Check(message);
        Problem? wrong = null;
        BodyAddress address = default;
        var request = outside is null
            ? ControlRequest.Read(command, message.Payload, out wrong, out address) : null;
        var reply = envelope.Address(message, address, null, command, out var unaddressable);
        var refusal = outside ?? unaddressable ?? wrong ?? WhyRefused(message.Topic, request!, reply.Topic);
        if (refusal is not null) reply.Fail(refusal);
        else handlers.OnControl(new(request!, reply, envelope.DeadlineOf(message, request!.TimeoutSeconds)));
    }

    private Problem? WhyRefused(string topic, ControlRequest request, string requester)
    {
        if (topic != topics.Request(request.Command))
            return new(ProblemCode.InvalidPayload,
                $"{request.Command} is for one node; send it to {topics.Request(request.Command)}");
        if (rules.Any(rule => rule.Allows(requester, request))) return null;
        handlers.OnLog(MqttLogLevel.Warning,
            $"{request.Command} was refused to {requester}: no control rule allows it");
        return new(ProblemCode.Forbidden,
            $"'{requester}' may not {request.Command}{(request.Model is null ? "" : " with this model")}; " +
            "the operator allows it by control.allow");
    }
}
