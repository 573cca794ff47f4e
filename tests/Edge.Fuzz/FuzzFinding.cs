namespace Edge.Fuzz;

/// <summary>An input that broke a promise. Kind: crash, hang, memory or complaint.</summary>
public sealed record FuzzFinding(string Kind, long Iteration, byte[] Input, string What);
