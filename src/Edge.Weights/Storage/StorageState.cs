namespace Edge.Weights;

/// <summary>What tells that a file is still the one that was opened.</summary>
public readonly record struct StorageState(long Bytes, DateTime LastWriteUtc);
