namespace Edge.Devices;

/// <summary>Where the machine shows its hardware; a recorded tree stands in for it in tests.</summary>
public sealed record SensorRoots(string Sys = "/sys", string Dev = "/dev", string Proc = "/proc");
