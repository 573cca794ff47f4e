using Edge.Engine.Speculation;
using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>
/// The only loop over tokens: a bounded queue, a fixed number of slots, one thread that owns the model and calls the
/// sinks. It parks while there is nothing to do. Errors: a world failure of a step fails that step's requests; a bug
/// (also one in a sink) ends the process.
/// </summary>
public sealed partial class Scheduler : IDisposable
{
    private readonly SequenceParts _parts;
    private readonly Sequence[] _slots;
    private readonly Speculator? _speculator;
    private readonly BatchStep _step;
    private readonly Thread? _thread;
    private readonly TimeProvider _clock;
    private readonly List<Ticket> _sweptOut;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Everything below is guarded by _gate; Forward and the sinks run outside of it.
    private readonly object _gate = new();
    private readonly FairQueue _queue;
    private readonly Dictionary<string, Ticket> _live;
    private readonly SpeedEstimate _speed = new();
    private Effort _effort = Effort.Full;
    private int _active;
    private bool _draining, _endQueued, _stopping;
    private long _accepted, _refused, _settled, _finished, _cancelled, _timedOut, _failed;
    private long _generated, _promptRun, _reused, _steps;
    private long _heartbeat;

    /// <summary>Errors: ArgumentException for options that cannot work.</summary>
    public Scheduler(Model model, Tokenizer tokenizer, SchedulerOptions options)
        : this(model, tokenizer, options, TimeProvider.System, startThread: true) { }

    /// <summary>Tests run <see cref="Step"/> themselves, on their clock.</summary>
    internal Scheduler(
        Model model, Tokenizer tokenizer, SchedulerOptions options, TimeProvider clock, bool startThread)
    {
        if (options.QueueMax < 1 || options.SlotsMax < 1 || options.PrefillRowsWhileDecoding < 1)
            throw new ArgumentException("QueueMax, SlotsMax and PrefillRowsWhileDecoding must be at least 1");
        if (options.SlotsMax > model.BatchRowsMax)
            throw new ArgumentException(
                $"SlotsMax {options.SlotsMax} exceeds the model's {model.BatchRowsMax} batch rows");
        ContextLength = options.ContextLength == 0 ? model.Config.ContextLength : options.ContextLength;
        if (ContextLength < 2 || ContextLength > model.Config.ContextLength)
            throw new ArgumentException(
                $"a context of {ContextLength} tokens is not within 2 and the {model.Config.ContextLength} " +
                "that the model has; 0 takes all of them");
        _clock = clock;
        _parts = SequenceParts.For(model, tokenizer, clock);
        _slots = new Sequence[options.SlotsMax];
        _speculator = Speculator.Create(
            _parts, options.Speculation, options.SlotsMax, options.PrefillRowsWhileDecoding);
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Sequence(_parts, ContextLength, OnRunEnded, _speculator);
        _step = new BatchStep(_parts, options.SlotsMax, options.PrefillRowsWhileDecoding, _speculator);
        _queue = new FairQueue(options.QueueMax);
        _live = new Dictionary<string, Ticket>(options.QueueMax + options.SlotsMax);
        _sweptOut = new List<Ticket>(options.QueueMax);
        if (!startThread) return;
        _thread = new Thread(Loop) { Name = "edge-tokens", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Tokens of one slot, prompt and reply.</summary>
    public int ContextLength { get; }

    /// <summary>Grows twice a step. A watchdog that sees <see cref="IsBusy"/> and no change is looking at a
    /// hang.</summary>
    public long Heartbeat => Interlocked.Read(ref _heartbeat);

    public bool IsBusy { get { lock (_gate) return HasWork; } }

    private bool HasWork => _active > 0 || _queue.Count > 0;

    /// <summary>Asks that the request ends; its sink hears Cancelled. False: no such request is queued or
    /// running.</summary>
    public bool Cancel(string id)
    {
        lock (_gate)
        {
            if (!_live.TryGetValue(id, out Ticket? ticket)) return false;
            ticket.Cancel();
            return true;
        }
    }

    /// <summary>Refuses new requests from now on; the task ends when all accepted ones have finished, those in the
    /// queue by being cancelled where <paramref name="cancelQueued"/>.</summary>
    public Task DrainAsync(bool cancelQueued = false)
    {
        lock (_gate)
        {
            _draining = true;
            _endQueued |= cancelQueued;
            if (_settled == _accepted) _drained.TrySetResult();
            return _drained.Task;
        }
    }

    public SchedulerStatistics Statistics
    {
        get
        {
            lock (_gate)
                return new SchedulerStatistics
                {
                    Accepted = _accepted, Refused = _refused, Finished = _finished, Cancelled = _cancelled,
                    TimedOut = _timedOut, Failed = _failed, QueueDepth = _queue.Count, ActiveSlots = _active,
                    TokensGenerated = _generated, PromptTokens = _promptRun, CachedTokens = _reused, Steps = _steps,
                    PrefillTokensPerSecond = _speed.Prefill, DecodeTokensPerSecond = _speed.Decode,
                    Speculation = _speculator?.Statistics,
                };
        }
    }

    /// <summary>Cancels what is queued or running (each sink still hears OnFinished), ends the thread and frees the
    /// caches. Errors: must not be called from a sink.</summary>
    public void Dispose()
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException("a sink must not dispose its scheduler");
        lock (_gate)
        {
            if (_stopping) return;
            _draining = _endQueued = _stopping = true;
            foreach (Ticket ticket in _live.Values) ticket.Cancel();
            Monitor.PulseAll(_gate);
        }
        if (_thread is not null) _thread.Join();
        else Step();
        _speculator?.Dispose();
        foreach (Sequence slot in _slots) slot.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            lock (_gate)
            {
                while (!HasWork && !_stopping) Monitor.Wait(_gate);
                if (!HasWork) return;
            }
            Step();
        }
    }

    /// <summary>How hard the node works from the next step on; any thread.</summary>
    public Effort Effort
    {
        get => Volatile.Read(ref _effort);
        set => Volatile.Write(ref _effort, value);
    }

    /// <summary>Ends what must end, fills free slots, runs one batch.</summary>
    internal void Step()
    {
        Interlocked.Increment(ref _heartbeat);
        long begun = _clock.GetTimestamp();
        Effort effort = Effort;
        _parts.Model.ActiveThreads = effort.Threads;
        if (_speculator is not null) _speculator.IsAllowed = effort.Speculation;
        lock (_gate) _queue.Sweep(begun, _endQueued, _sweptOut);
        foreach (Ticket ticket in _sweptOut) EndQueued(ticket, begun);
        _sweptOut.Clear();
        foreach (Sequence slot in _slots) slot.CheckLimits(begun);
        FillSlots();
        StepRows rows = _step.Run(_slots);
        lock (_gate)
        {
            _steps++;
            _generated += rows.NewTokens;
            _promptRun += rows.PrefillRows;
            _speed.NoteStep(rows, _clock.GetElapsedTime(begun).TotalSeconds);
        }
        Interlocked.Increment(ref _heartbeat);
    }

    private void FillSlots()
    {
        while (true)
        {
            Ticket? ticket;
            lock (_gate)
            {
                if (_active == _slots.Length || (ticket = _queue.Dequeue()) is null) return;
                _active++;
            }
            Sequence slot = ChooseSlot(ticket.Request.Prompt);
            slot.Start(ticket);
            lock (_gate) _reused += slot.CachedTokens;
        }
    }

    // The free slot whose cache begins most like the prompt; among equals the one idle longest.
    private Sequence ChooseSlot(IReadOnlyList<int> prompt)
    {
        Sequence? best = null;
        int bestShared = -1;
        foreach (Sequence slot in _slots)
        {
            if (slot.IsRunning) continue;
            int shared = slot.SharedPrefix(prompt);
            if (shared < bestShared || (shared == bestShared && slot.TouchedAt >= best!.TouchedAt)) continue;
            (best, bestShared) = (slot, shared);
        }
        return best!;
    }

    private void EndQueued(Ticket ticket, long now)
    {
        double queueMs = _clock.GetElapsedTime(ticket.AcceptedAt, now).TotalMilliseconds;
        FinishReason reason = ticket.MustEnd(now) ?? FinishReason.Cancelled;
        End(ticket, new GenerationResult(
            "", reason, ticket.Request.Prompt.Count, 0, new GenerationTimings(queueMs, 0, 0, 0, 0), null), 0);
    }

    private void OnRunEnded(Ticket ticket, GenerationResult result) => End(ticket, result, 1);

    // The id is free before the sink hears of the end, so that it may send the next request under it; the drain ends
    // after.
    private void End(Ticket ticket, GenerationResult result, int slots)
    {
        lock (_gate)
        {
            _live.Remove(ticket.Request.Id);
            _finished++;
            if (result.Reason == FinishReason.Cancelled) _cancelled++;
            else if (result.Reason == FinishReason.Timeout) _timedOut++;
            else if (result.Reason == FinishReason.Failed) _failed++;
            double sinceAccepted = _clock.GetElapsedTime(ticket.AcceptedAt).TotalSeconds;
            if (slots > 0) _speed.NoteService(sinceAccepted - result.Timings.QueueMs / 1000);
        }
        ticket.Request.Sink.OnFinished(result);
        lock (_gate)
        {
            _active -= slots;
            _settled++;
            if (_draining && _settled == _accepted) _drained.TrySetResult();
        }
    }
}
