namespace Edge.Agent.Service;

/// <summary>Whether every part that must move has moved since the last look. A part is a counter that grows while the
/// part works, and whether it has anything to do: a thread that hangs in a step keeps its work and its count.</summary>
internal sealed class Liveness(params (string Name, Func<long> Count, Func<bool> HasWork)[] parts)
{
    private readonly long[] _last = Array.ConvertAll(parts, _ => -1L);

    /// <summary>The first part that had work at this look and at the one before and did not move in between; null when
    /// all is well.</summary>
    public string? Stuck()
    {
        string? stuck = null;
        for (int i = 0; i < parts.Length; i++)
        {
            long count = parts[i].Count();
            bool works = parts[i].HasWork();
            if (works && count == _last[i]) stuck ??= parts[i].Name;
            _last[i] = works ? count : -1;
        }
        return stuck;
    }
}
