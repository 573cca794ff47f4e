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
    private Serving? _serving;
    private long _refused;
    private volatile bool _draining, _abandoned;

    /// <param name="isDurable">Calls stand in a journal: what is not done at the end, the next start does.</param>
    public ChatIntake(int callsMax, bool isDurable)
    {
        _isDurable = isDurable;
        _calls = Channel.CreateBounded<ChatCall>(callsMax);
    }

    /// <summary>Calls that were told no, by the intake or by the scheduler.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    private sealed record Serving(Scheduler Scheduler, RequestMap Map);

    /// <summary>From now on calls are served, those first that OnChat has brought already. Once.</summary>
    public void Serve(Scheduler scheduler, RequestMap map)
    {
        var serving = new Serving(scheduler, map);
        _loop = Task.Run(() => RunAsync(serving));
        Volatile.Write(ref _serving, serving);
    }

    /// <summary>From now on calls are refused; those accepted go on.</summary>
    public void Drain() => _draining = true;

    /// <summary>On a network thread, before the call is made durable. While the model loads, calls wait here: after a
    /// power cut the broker has some, and a retry would come too early too.</summary>
    public Problem? Admit(ChatCall call)
    {
        if (!_draining) return null;
        Interlocked.Increment(ref _refused);
        return RequestMap.NotReady("the node is stopping");
    }

    /// <summary>On a network thread.</summary>
    public void OnChat(ChatCall call)
    {
        if (!_calls.Writer.TryWrite(call))
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
        _loop.Wait();
    }

    private async Task RunAsync(Serving serving)
    {
        await foreach (var call in _calls.Reader.ReadAllAsync())
        {
            while (!TryHandOver(call, serving)) await Task.Delay(s_roomPoll);
        }
    }

    // False: an earlier run has promised an answer and the queue has no room just now.
    private bool TryHandOver(ChatCall call, Serving serving)
    {
        if (call.Reply.IsFinished) return true;
        if (_draining)
        {
            if (!_isDurable) Refuse(call, RequestMap.NotReady("the node is stopping"));
            return true;
        }
        return Admit(call, serving);
    }

    private bool Admit(ChatCall call, Serving serving)
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
