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
    private readonly Task _loop;
    private Serving? _serving;
    private long _refused;
    private volatile bool _draining;

    public ChatIntake(int callsMax)
    {
        _calls = Channel.CreateBounded<ChatCall>(new BoundedChannelOptions(callsMax) { SingleReader = true });
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Calls that were told no, by the intake or by the scheduler.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    private sealed record Serving(Scheduler Scheduler, RequestMap Map);

    /// <summary>From now on calls are served; before, they are told not_ready.</summary>
    public void Serve(Scheduler scheduler, RequestMap map) =>
        Volatile.Write(ref _serving, new Serving(scheduler, map));

    /// <summary>From now on calls are refused; those accepted go on.</summary>
    public void Drain() => _draining = true;

    /// <summary>On the network thread.</summary>
    public void OnChat(ChatCall call)
    {
        if (_draining) Refuse(call, RequestMap.NotReady("the node is stopping"));
        else if (Volatile.Read(ref _serving) is null) Refuse(call, RequestMap.NotReady("the model is still loading"));
        else if (!_calls.Writer.TryWrite(call))
            Refuse(call, new Problem(ProblemCode.QueueFull, "too many requests wait to be read", RetryAfterSeconds: 1));
    }

    /// <summary>On the network thread.</summary>
    public void OnCancel(ChatCall call)
    {
        if (Volatile.Read(ref _serving) is not { } serving || serving.Scheduler.Cancel(call.Id)) return;
        // Not with the scheduler yet: it still waits here. The intake skips a reply that is finished; the second
        // Cancel is for a call that the intake handed over in between.
        call.Reply.Fail(new Problem(ProblemCode.Cancelled, "cancelled before it started"));
        serving.Scheduler.Cancel(call.Id);
    }

    /// <summary>Cancels every request that the scheduler still has.</summary>
    public void CancelAll()
    {
        if (Volatile.Read(ref _serving) is not { } serving) return;
        foreach (string id in _live.Keys) serving.Scheduler.Cancel(id);
    }

    /// <summary>Cancels nothing: ends the loop once what waits has been handed over or refused.</summary>
    public void Dispose()
    {
        _draining = true;
        _calls.Writer.TryComplete();
        _loop.Wait();
    }

    private async Task RunAsync()
    {
        await foreach (var call in _calls.Reader.ReadAllAsync())
        {
            if (call.Reply.IsFinished) continue;
            if (_draining) Refuse(call, RequestMap.NotReady("the node is stopping"));
            else Admit(call, Volatile.Read(ref _serving)!);
        }
    }

    private void Admit(ChatCall call, Serving serving)
    {
        var sink = new CallSink(call.Reply, (reply, result) =>
        {
            _live.TryRemove(call.Id, out _);
            serving.Map.Finish(reply, result);
        });
        var (request, problem) = serving.Map.ToGeneration(call, sink);
        if (request is null)
        {
            Refuse(call, problem!);
            return;
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
        if (problem is not null) Refuse(call, problem);
        else if (call.Reply.IsFinished) serving.Scheduler.Cancel(call.Id);
    }

    private void Refuse(ChatCall call, Problem problem)
    {
        Interlocked.Increment(ref _refused);
        call.Reply.Fail(problem);
    }
}
