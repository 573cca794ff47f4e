namespace Edge.Agent.Config;

/// <summary>Where accepted requests survive a crash or a power cut.</summary>
/// <param name="Enabled">Without it a request that is under way when edge dies is lost.</param>
/// <param name="Path">The file; absent: journal-NODE in edge's state folder.</param>
internal sealed record JournalConfig(bool Enabled = true, string? Path = null, long BytesMax = 32 * 1024 * 1024)
{
    /// <summary>Null where it is off, or where this process has no place to keep state, which the service
    /// refuses.</summary>
    public Edge.Mqtt.JournalOptions? ToOptions(string node)
    {
        if (!Enabled) return null;
        string? file = Path;
        if (file is null && StateDirectory.Find(Environment.GetEnvironmentVariable) is { } state)
            file = System.IO.Path.Combine(state, $"journal-{node}");
        return file is null ? null : new(file, BytesMax);
    }

    /// <summary>Why the service cannot keep its promise to lose nothing, with the remedy; null where it can, or has not
    /// to.</summary>
    public string? WhyNowhere() => !Enabled || ToOptions("-") is not null ? null
        : "there is no folder for the journal that keeps accepted requests safe ($STATE_DIRECTORY, $XDG_STATE_HOME and "
            + "$HOME are all unset); name a file by --journal FILE, or set journal.enabled to false and lose what is "
            + "under way when edge dies";

    /// <summary>The first thing that is wrong, with its remedy; null when all is well.</summary>
    public string? Problem() => new Edge.Mqtt.JournalOptions(Path ?? "-", BytesMax).Validate();
}
