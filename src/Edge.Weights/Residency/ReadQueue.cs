namespace Edge.Weights;

/// <summary>The bounded queue of slices on their way; guarded by the residency's gate.</summary>
internal sealed unsafe class ReadQueue
{
    private readonly ReadRequest[] _requests;
    private long _order;

    public ReadQueue(int requestsMax, int rangesMax)
    {
        _requests = new ReadRequest[requestsMax];
        for (int i = 0; i < requestsMax; i++) _requests[i] = new ReadRequest(rangesMax);
    }

    public int Count { get; private set; }
    public bool IsFull => Count == _requests.Length;

    public void Add(int slice, SliceRanges ranges, byte* to, ReadPriority priority, bool verify)
    {
        foreach (ReadRequest request in _requests)
        {
            if (request.IsActive) continue;
            request.Start(slice, ranges, to, priority, _order++, verify);
            Count++;
            return;
        }
        throw new InvalidOperationException("the read queue is full: a bug, IsFull says so");
    }

    public void Raise(int slice, ReadPriority priority)
    {
        foreach (ReadRequest request in _requests)
            if (request.IsActive && request.Slice == slice && priority < request.Priority) request.Priority = priority;
    }

    /// <summary>Whoever asked for the slice waits no longer.</summary>
    public void Demote(int slice)
    {
        foreach (ReadRequest request in _requests)
        {
            if (!request.IsActive || request.Slice != slice) continue;
            (request.Priority, request.IsHint) = (ReadPriority.Idle, true);
        }
    }

    /// <summary>Who asked is gone; the reads go on.</summary>
    public void MakeHints()
    {
        foreach (ReadRequest request in _requests) request.IsHint = true;
    }

    /// <summary>The next piece: demand first, in the order of asking; idle reads only alone.</summary>
    public bool TryTake(out ReadPiece piece)
    {
        ReadRequest? best = null;
        foreach (ReadRequest request in _requests)
        {
            if (!request.HasPieces || best is not null && !Before(request, best)) continue;
            best = request;
        }
        piece = best is null ? default : best.Take();
        return best is not null;
    }

    public void Remove(ReadRequest request)
    {
        request.IsActive = false;
        Count--;
    }

    private static bool Before(ReadRequest a, ReadRequest b) =>
        a.Priority != b.Priority ? a.Priority < b.Priority : a.Order < b.Order;
}
