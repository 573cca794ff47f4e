namespace Edge.Weights;

/// <summary>One open weight file. Any number of threads may read at once.</summary>
public unsafe interface IWeightStorage : IDisposable
{
    /// <summary>How it reads, for people: direct or buffered.</summary>
    string Name { get; }
    /// <summary>Length and time of the last change, now. Errors: as <see cref="Read"/>.</summary>
    StorageState State { get; }

    /// <summary>Reads up to <paramref name="bytes"/> bytes; offset, count and address are multiples of
    /// <see cref="StorageFile.Alignment"/>. Returns how many came: fewer only where the file ends. Errors: what
    /// <see cref="StorageFile.IsFailure"/> names.</summary>
    int Read(long offset, byte* to, int bytes);
}
