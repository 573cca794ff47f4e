namespace Edge.Models;

/// <summary>Keys and values of one sequence, all memory allocated when made.</summary>
public abstract class KvCache : IDisposable
{
    public abstract int Capacity { get; }
    /// <summary>Positions filled.</summary>
    public abstract int Length { get; }
    /// <summary>Memory that it takes when all its positions are filled.</summary>
    public abstract long Bytes { get; }
    /// <summary>The longest prefix, of at most <paramref name="length"/> filled positions, to which
    /// <see cref="Truncate"/> can return: all of them, but for models with a running state.</summary>
    public virtual int Reusable(int length) => length;
    /// <summary>Forgets positions from <paramref name="length"/> on. Errors: ArgumentException for a length that is not
    /// <see cref="Reusable"/>.</summary>
    public abstract void Truncate(int length);
    public abstract void Dispose();
}
