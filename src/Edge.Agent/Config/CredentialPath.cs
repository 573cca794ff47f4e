namespace Edge.Agent.Config;

/// <summary>Paths of secrets. systemd gives a unit its credentials in a folder whose name it learns from the
/// environment.</summary>
internal static class CredentialPath
{
    private const string Folder = "CREDENTIALS_DIRECTORY";

    /// <summary>The path with a leading $CREDENTIALS_DIRECTORY replaced; outside of systemd it stays as it is, and the
    /// message about the missing file shows why.</summary>
    public static string? Resolve(string? path) =>
        path is not null && path.StartsWith($"${Folder}/", StringComparison.Ordinal)
            && Environment.GetEnvironmentVariable(Folder) is { Length: > 0 } folder
            ? Path.Combine(folder, path[(Folder.Length + 2)..])
            : path;
}
