namespace Edge.Models;

/// <summary>How keys and values are kept. F16 halves the cache and what attention reads.</summary>
public enum KvType { F16, F32 }
