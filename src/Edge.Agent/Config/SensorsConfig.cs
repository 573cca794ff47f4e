namespace Edge.Agent.Config;

/// <summary>The sensors of the machine itself.</summary>
/// <param name="SysfsRoot">Where the kernel shows them; another tree is for tests.</param>
internal sealed record SensorsConfig(bool Enabled = true, string SysfsRoot = "/sys");
