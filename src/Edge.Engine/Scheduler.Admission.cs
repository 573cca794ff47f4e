namespace Edge.Engine;

/// <summary>Who is let in.</summary>
public sealed partial class Scheduler
{
    /// <summary>Queues the request or says why not; never blocks on the model. After Accepted the sink hears
    /// OnFinished exactly once.</summary>
    public AdmissionResult TryAccept(GenerationRequest request)
    {
        // Built once, on the caller's thread: a large vocabulary takes a second, and running replies must not wait.
        if (request.Grammar is not null) _ = _parts.Trie.Value;
        lock (_gate)
        {
            AdmissionResult result = Admit(request);
            if (result.Admission != Admission.Accepted)
            {
                _refused++;
                return result;
            }
            var ticket = new Ticket(request, _clock.GetTimestamp());
            _live.Add(request.Id, ticket);
            _queue.Enqueue(ticket);
            _accepted++;
            Monitor.PulseAll(_gate);
            return result;
        }
    }

    private AdmissionResult Admit(GenerationRequest request)
    {
        AdmissionResult Refuse(Admission why, string detail) => new(why, 0, 0, detail);
        if (_draining) return DrainingRefusal();
        if (RequestCheck.FindError(request, _parts.Model.Config.VocabularySize) is string error)
            return Refuse(Admission.Invalid, error);
        if (_live.ContainsKey(request.Id))
            return Refuse(Admission.Invalid, $"request id '{request.Id}' is already queued or running");
        if (RequestCheck.FindOverflow(request, ContextLength) is string overflow)
            return Refuse(Admission.ContextOverflow, overflow);
        if (_queue.IsFull) return FullRefusal(0);

        (int ahead, long tokensAhead) = _queue.Ahead(request.Requester, request.Priority);
        int cached = 0;
        if (request.Deadline is not null)
            foreach (Sequence slot in _slots) cached = Math.Max(cached, slot.SharedPrefix(request.Prompt));
        return FindUnreachable(request.Deadline, tokensAhead + request.Prompt.Count - cached)
            ?? new AdmissionResult(Admission.Accepted, ahead, 0, "");
    }

    private AdmissionResult? FindUnreachable(long? deadline, long tokens)
    {
        if (deadline is not long end) return null;
        double needed = _speed.LeastSeconds(tokens);
        double left = (end - _clock.GetTimestamp()) / (double)_clock.TimestampFrequency;
        if (left > 0 && needed <= left) return null;
        return new AdmissionResult(Admission.DeadlineUnreachable, 0, 0,
            $"the first token needs at least {needed:0.##} s at the measured speed; " +
            $"{Math.Max(0, left):0.##} s are left");
    }

    private static AdmissionResult DrainingRefusal() =>
        new(Admission.Draining, 0, 0, "this node is draining and takes no new requests");

    private AdmissionResult FullRefusal(int coming) => new(
        Admission.QueueFull, 0, _speed.RetryAfter(_slots.Length), $"{_queue.Count + coming} requests are waiting");

    /// <summary>What can be told before the prompt is known; Accepted promises nothing yet. Cheap, any thread: for
    /// whoever has to write a request down before it is looked at. <paramref name="coming"/>: requests that are on
    /// their way here.</summary>
    public AdmissionResult Foresee(string requester, int priority, long? deadline, int coming)
    {
        lock (_gate)
        {
            if (_draining) return DrainingRefusal();
            int room = _queue.Capacity + _slots.Length - _active;
            if (_queue.Count + coming >= room) return FullRefusal(coming);
            (int ahead, long tokensAhead) = _queue.Ahead(requester, priority);
            return FindUnreachable(deadline, tokensAhead + 1) ?? new AdmissionResult(Admission.Accepted, ahead, 0, "");
        }
    }
}
