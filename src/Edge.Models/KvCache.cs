namespace Edge.Models;

/// <summary>Keys and values of one sequence, all memory allocated when made.</summary>
public abstract class KvCache : IDisposable
{
    public abstract int Capacity { get; }
    /// <summary>Positions filled.</summary>
    public abstract int Length { get; }
    /// <summary>Forgets positions from <paramref name="length"/> on.</summary>
    public abstract void Truncate(int length);
    public abstract void Dispose();
}
