namespace Edge.Engine;

/// <summary>A bounded queue that serves the highest priority first and, within it, requesters in turn: a requester that
/// was served goes to the end of the ring, its own requests of one priority stay in order. Not thread-safe:
/// the scheduler's lock guards it.</summary>
internal sealed class FairQueue(int capacity)
{
    private sealed record Lane(string Requester, int Priority, Queue<Ticket> Tickets);

    private readonly List<Lane> _ring = new(capacity);

    public int Count { get; private set; }
    public int Capacity => capacity;
    public bool IsFull => Count >= capacity;

    public void Enqueue(Ticket ticket)
    {
        var (requester, priority) = (ticket.Request.Requester, ticket.Request.Priority);
        Lane? lane = _ring.Find(l => l.Requester == requester && l.Priority == priority);
        if (lane is null) _ring.Add(lane = new Lane(requester, priority, new Queue<Ticket>()));
        lane.Tickets.Enqueue(ticket);
        Count++;
    }

    public Ticket? Dequeue()
    {
        if (Count == 0) return null;
        int first = 0;
        for (int i = 1; i < _ring.Count; i++)
            if (_ring[i].Priority > _ring[first].Priority) first = i;
        Lane lane = _ring[first];
        _ring.RemoveAt(first);
        Ticket ticket = lane.Tickets.Dequeue();
        if (lane.Tickets.Count > 0) _ring.Add(lane);
        Count--;
        return ticket;
    }

    /// <summary>Moves tickets that must end (or all, where <paramref name="all"/>) to <paramref
    /// name="ended"/>.</summary>
    public void Sweep(long now, bool all, List<Ticket> ended)
    {
        for (int i = _ring.Count - 1; i >= 0; i--)
        {
            Queue<Ticket> tickets = _ring[i].Tickets;
            for (int n = tickets.Count; n > 0; n--)
            {
                Ticket ticket = tickets.Dequeue();
                if (all || ticket.MustEnd(now) is not null) ended.Add(ticket);
                else tickets.Enqueue(ticket); // once around keeps the order
            }
            if (tickets.Count == 0) _ring.RemoveAt(i);
        }
        Count -= ended.Count;
    }

    /// <summary>Requests, and the prompt tokens in them, that would be taken before a new one of this
    /// requester.</summary>
    public (int Requests, long PromptTokens) Ahead(string requester, int priority)
    {
        int mine = _ring.FindIndex(l => l.Requester == requester && l.Priority == priority);
        int own = mine < 0 ? 0 : _ring[mine].Tickets.Count;
        if (mine < 0) mine = _ring.Count;
        int requests = 0;
        long tokens = 0;
        for (int i = 0; i < _ring.Count; i++)
        {
            if (_ring[i].Priority < priority) continue;
            // Lanes ahead of mine in the ring are served once more; those of a higher priority until they are empty.
            int left = _ring[i].Priority > priority ? int.MaxValue : i < mine ? own + 1 : own;
            foreach (Ticket ticket in _ring[i].Tickets)
            {
                if (left-- == 0) break;
                requests++;
                tokens += ticket.Request.Prompt.Count;
            }
        }
        return (requests, tokens);
    }
}
