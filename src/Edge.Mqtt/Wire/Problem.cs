namespace Edge.Mqtt;

/// <summary>A refusal or a failure as the requester sees it (RFC 9457).</summary>
/// <param name="Detail">For people: what is wrong and what to do about it.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) into the request's body, where one field is at fault.</param>
/// <param name="RetryAfterSeconds">When another attempt makes sense.</param>
/// <param name="PromptTokens">With ContextOverflow: what the prompt has; ContextTokens: what fits.</param>
public sealed record Problem(
    ProblemCode Code, string Detail, string? Pointer = null, double? RetryAfterSeconds = null,
        int? PromptTokens = null, int? ContextTokens = null)
{
    /// <summary>The code's status, unless a nearer one says more (a body over the limit is invalid_payload with
    /// 413).</summary>
    public int Status { get; init; } = ProblemTable.Of(Code).Status;
}
