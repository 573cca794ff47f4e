namespace Edge.Mqtt;

/// <summary>Which release a node runs and which it could run, for `update`; retained.</summary>
/// <param name="State">current, available, verifying (a new one is being watched) or rolled_back.</param>
/// <param name="Detail">Why it was rolled back.</param>
public sealed record NodeUpdate(string InstalledVersion, string LatestVersion, string State, string? Detail = null);
