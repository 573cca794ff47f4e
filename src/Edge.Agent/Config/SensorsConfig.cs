namespace Edge.Agent.Config;

/// <summary>The sensors of the machine itself.</summary>
internal sealed record SensorsConfig
{
    public bool Enabled { get; init; } = true;
    /// <summary>Where sysfs is; another tree is for tests.</summary>
    public string SysfsRoot { get; init; } = "/sys";
}
