using System.Collections.Concurrent;
using System.Threading.Channels;
using Edge.Engine;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Takes chat calls from the network thread, turns them into requests on its own, and hands them to the
/// scheduler.
/// Rendering, tokenizing and compiling a schema take milliseconds; the network thread only enqueues.</summary>
internal sealed class ChatIntake : IDisposable
{
    private readonly Channel<ChatCall> _calls;
    private readonly ConcurrentDictionary<string, bool> _live = new();
    private static readonly TimeSpan s_roomPoll = TimeSpan.FromMilliseconds(20);
    private readonly bool _isDurable;
    private Task _loop = Task.CompletedTask;
    private ServedModel? _serving;
    private long _refused, _passes;
    private int _waiting;
    private volatile string? _closed;
    private volatile bool _draining, _abandoned;

    /// <param name="isDurable">Calls stand in a journal: what is not done at the end, the next start does.</param>
    public ChatIntake(int callsMax, bool isDurable)
    {
        _isDurable = isDurable;
        _calls = Channel.CreateBounded<ChatCall>(callsMax);
    }

    /// <summary>Calls that were told no, by the intake or by the scheduler.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Ends with the intake; faulted before: a bug, and no call is handed over any more.</summary>
    public Task Loop => Volatile.Read(ref _loop);

    /// <summary>Grows with every attempt to hand a call over.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Calls wait to be handed over.</summary>
    public bool IsBusy => Volatile.Read(ref _waiting) > 0;

    /// <summary>No accepted call waits or runs.</summary>
    public bool IsIdle => Volatile.Read(ref _waiting) == 0 && _live.IsEmpty;

    /// <summary>From now on calls are served by this model, those first that OnChat has brought already; null: they are
    /// refused.</summary>
    public void Serve(ServedModel? model)
    {
        Volatile.Write(ref _serving, model);
        if (_loop == Task.CompletedTask) _loop = Task.Run(RunAsync);
    }

    /// <summary>New calls are refused, with the reason, until <see cref="Open"/>; those accepted go on.</summary>
    public void Close(string why) => _closed = why;

    public void Open() => _closed = null;

    /// <summary>The end: from now on calls are refused; those accepted go on.</summary>
    public void Drain() => _draining = true;

    /// <summary>On a network thread, before the call is made durable: what is refused here never costs a write. While
    /// the first model loads, calls wait here: after a power cut the broker has some, and a retry would come too early
    /// too.</summary>
    public Problem? Admit(ChatCall call)
    {
        var problem = (_draining ? "the node is stopping" : _closed) is { } why
            ? RequestMap.NotReady(why) : Volatile.Read(ref _serving)?.Map.Foresee(call, Volatile.Read(ref _waiting));
        if (problem is not null) Interlocked.Increment(ref _refused);
        return problem;
    }

    /// <summary>On a network thread.</summary>
    public void OnChat(ChatCall call)
    {
        Interlocked.Increment(ref _waiting);
        if (_calls.Writer.TryWrite(call)) return;
        Interlocked.Decrement(ref _waiting);
        Refuse(call, new Problem(ProblemCode.QueueFull, "too many requests wait to be read", RetryAfterSeconds: 1));
    }

    /// <summary>On the network thread.</summary>
    public void OnCancel(ChatCall call)
    {
        var serving = Volatile.Read(ref _serving);
        if (serving is not null && serving.Scheduler.Cancel(call.Id)) return;
        // Not with the scheduler yet: it still waits here. The intake skips a reply that is finished; the second
        // Cancel is for a call that the intake handed over in between.
        call.Reply.Fail(new Problem(ProblemCode.Cancelled, "cancelled before it started"));
        serving?.Scheduler.Cancel(call.Id);
    }

    /// <summary>Ends every request that the scheduler still has: left for the next start where there is a journal,
    /// else cancelled.</summary>
    public void EndAll()
    {
        if (Volatile.Read(ref _serving) is not { } serving) return;
        _abandoned = _isDurable;
        foreach (string id in _live.Keys) serving.Scheduler.Cancel(id);
    }

    /// <summary>Cancels nothing: ends the loop once what waits has been handed over or refused.</summary>
    public void Dispose()
    {
        _draining = true;
        _calls.Writer.TryComplete();
        Task.WhenAny(_loop).Wait(); // A fault is told by Loop.
    }

    private async Task RunAsync()
    {
        await foreach (var call in _calls.Reader.ReadAllAsync())
        {
            while (!TryHandOver(call))
            {
                Interlocked.Increment(ref _passes); // It waits for room, which is no hanging.
                await Task.Delay(s_roomPoll);
            }
            Interlocked.Increment(ref _passes);
            Interlocked.Decrement(ref _waiting);
        }
    }

    // False: an earlier run has promised an answer and the queue has no room just now.
    private bool TryHandOver(ChatCall call)
    {
        if (call.Reply.IsFinished) return true;
        if (_draining)
        {
            if (!_isDurable) Refuse(call, RequestMap.NotReady("the node is stopping"));
            return true;
        }
        if (Volatile.Read(ref _serving) is { } serving) return Admit(call, serving);
        Refuse(call, RequestMap.NotReady(_closed ?? ModelSeat.Empty)); // It came between two models.
        return true;
    }

    private bool Admit(ChatCall call, ServedModel serving)
    {
        var sink = new CallSink(call.Reply, (reply, result) =>
        {
            _live.TryRemove(call.Id, out _);
            if (!_abandoned || result.Reason != FinishReason.Cancelled) serving.Map.Finish(reply, result);
        });
        var (request, problem) = serving.Map.ToGeneration(call, sink);
        if (request is null)
        {
            Refuse(call, problem!);
            return true;
        }
        // The sink's gate keeps the first token behind "accepted", which names the position that only TryAccept knows.
        lock (sink.Gate)
        {
            _live[call.Id] = true;
            var admission = serving.Scheduler.TryAccept(request);
            problem = RequestMap.ToProblem(admission, request.Prompt.Count, serving.Scheduler.ContextLength);
            if (problem is null) call.Reply.Accepted(admission.Position);
            else _live.TryRemove(call.Id, out _);
        }
        if (problem is { Code: ProblemCode.QueueFull } && call.IsResumed) return false;
        if (problem is not null) Refuse(call, problem);
        else if (call.Reply.IsFinished) serving.Scheduler.Cancel(call.Id);
        return true;
    }

    private void Refuse(ChatCall call, Problem problem)
    {
        Interlocked.Increment(ref _refused);
        call.Reply.Fail(problem);
    }
}
