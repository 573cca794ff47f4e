namespace Edge.Agent;

/// <summary>Where the agent keeps what it found out: the directory that systemd gives a service, else the user's
/// own.</summary>
internal static class StateDirectory
{
    public static string? Path { get; } = Find(Environment.GetEnvironmentVariable);

    /// <summary>$STATE_DIRECTORY, $XDG_STATE_HOME/edge or ~/.local/state/edge; null without a home.</summary>
    public static string? Find(Func<string, string?> environment)
    {
        // systemd gives several directories, with colons between them, when the unit names several.
        if (environment("STATE_DIRECTORY")?.Split(':')[0] is { Length: > 0 } service) return service;
        // The XDG specification: a path that is not absolute is to be ignored.
        if (environment("XDG_STATE_HOME") is { } state && System.IO.Path.IsPathRooted(state))
            return System.IO.Path.Combine(state, "edge");
        return environment("HOME") is { Length: > 0 } home
            ? System.IO.Path.Combine(home, ".local", "state", "edge")
            : null;
    }
}
