namespace Edge.Models;

/// <summary>One token to run: it is appended to its cache at position Cache.Length. Rows of one cache stand in
/// order.</summary>
public readonly record struct BatchRow(int Token, KvCache Cache, bool WantsLogits);
