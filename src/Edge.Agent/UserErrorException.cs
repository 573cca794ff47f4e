namespace Edge.Agent;

/// <summary>Work that cannot be done for a reason that the user can act on; the message names the place and the
/// remedy.</summary>
internal sealed class UserErrorException(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    public int Code { get; } = exitCode;
}
