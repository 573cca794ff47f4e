using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Edge.Agent.Config;
using Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Edge.Agent.Service;

/// <summary>Does what operators ask over MQTT, one thing after another: changes the model, empties the node. What it
/// cannot do it undoes, and says why.</summary>
/// <remarks>A model is only changed when nothing that was accepted needs it any more: until then new requests are
/// refused, and if that takes longer than the command may, everything stays as it was.</remarks>
internal sealed partial class ControlDesk(
    AgentConfig config, NodeOptions options, ModelSeat seat, ChatIntake intake, ILogger log)
{
    private const int CallsMax = 8;
    private const string Drained = "the node is drained";
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50), s_farewell = TimeSpan.FromSeconds(3);

    private readonly Channel<ControlCall> _calls = Channel.CreateBounded<ControlCall>(CallsMax);
    private readonly ModelCatalog _models = new(config);
    private NodeLink _link = null!;
    private Task _drain = Task.CompletedTask;
    private volatile bool _isDraining, _isChanging, _isStopping;
    private int _resumed, _drains;
    private string? _pinned;

    /// <summary>Requests are taken.</summary>
    public bool IsReady => !_isDraining && !_isChanging && !_isStopping && seat.Current is not null;

    /// <summary>On a network thread.</summary>
    public void OnControl(ControlCall call)
    {
        if (!_calls.Writer.TryWrite(call))
            call.Reply.Fail(new Problem(ProblemCode.QueueFull, "too many commands wait", RetryAfterSeconds: 5));
    }

    /// <summary>Serves the configured model. Errors: as <see cref="ServedModel.Open"/>.</summary>
    public ServedModel Start(NodeLink link)
    {
        _link = link;
        var model = ServedModel.Open(config, _models.First, Say);
        seat.Take(model);
        return model;
    }

    /// <summary>The first model takes requests.</summary>
    public void Open(ServedModel model)
    {
        intake.Serve(model);
        Announce();
        TellLoaded(model);
    }

    /// <summary>Until the service is told to stop; what waits then is refused.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var call in _calls.Reader.ReadAllAsync(stopping)) await DoAsync(call, stopping);
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
        _calls.Writer.TryComplete();
        while (_calls.Reader.TryRead(out var call)) call.Reply.Fail(RequestMap.NotReady("the node is stopping"));
        await _drain;
    }

    private async Task DoAsync(ControlCall call, CancellationToken stopping)
    {
        var request = call.Request;
        var problem = request.Command switch
        {
            ControlCommand.Load => await LoadAsync(call, request.Model!, stopping),
            ControlCommand.Unload => await UnloadAsync(call, request.Model, stopping),
            ControlCommand.Pin => Pin(request.Model, request.Pinned ?? true),
            _ => Drain(call, request.Drain, stopping),
        };
        if (problem is not null)
        {
            log.LogWarning("{Command} for {Requester}: {Why}", request.Command, call.Reply.Topic, problem.Detail);
            call.Reply.Fail(problem);
        }
        else if (request is not { Command: ControlCommand.Drain, Drain: true }) Done(call);
    }

    private async Task<Problem?> LoadAsync(ControlCall call, string name, CancellationToken stopping)
    {
        if (_models.Find(name) is not { } choice) return _models.Unknown(name);
        if (seat.Name == name) return call.Request.Pinned is { } pinned ? Pin(name, pinned) : null;
        if (WhyPinned() is { } why) return why;
        try
        {
            ModelFile.OpenHeader(choice.Path); // A file that cannot be read changes nothing.
        }
        catch (UserErrorException e)
        {
            return new Problem(ProblemCode.LoadFailed, Sentence.Of(e));
        }
        if (await EmptyAsync(call, stopping) is { } busy) return busy;
        var old = Unseat();
        var problem = Seat(choice);
        if (problem is not null && old is not null && Seat(old) is { } worse)
            log.LogError("the node is without a model: {Why}", worse.Detail);
        Reopen();
        // Behind the open door: who hears it may count on being served.
        if (seat.Current is { } served) TellLoaded(served);
        if (problem is null && call.Request.Pinned == true) Pin(name, true);
        return problem;
    }

    private async Task<Problem?> UnloadAsync(ControlCall call, string? name, CancellationToken stopping)
    {
        if (name is not null && name != seat.Name) return _models.Find(name) is null ? _models.Unknown(name) : null;
        if (seat.Current is null) return null;
        if (WhyPinned() is { } why) return why;
        if (await EmptyAsync(call, stopping) is { } busy) return busy;
        Unseat();
        Reopen();
        return null;
    }

    private Problem? Pin(string? name, bool pinned)
    {
        if (name is not null && _models.Find(name) is null) return _models.Unknown(name);
        if (seat.Current is null || (name is not null && name != seat.Name))
            return new Problem(ProblemCode.Conflict, $"'{name ?? "a model"}' is not loaded; load it first", "/model");
        if (pinned == (_pinned is not null)) return null;
        _pinned = pinned ? seat.Name : null;
        Tell(pinned ? "model_pinned" : "model_unpinned", seat.Name);
        Announce();
        return null;
    }

    /// <summary>New requests are refused from now on; returns when none is left, or says why they are taken
    /// again.</summary>
    private async Task<Problem?> EmptyAsync(ControlCall call, CancellationToken stopping)
    {
        _isChanging = true;
        intake.Close("the model is being changed");
        call.Reply.Accepted(0); // Behind the door: who hears it may count on being refused.
        TellStatus();
        _link.LeavePools(s_farewell);
        using var look = new PeriodicTimer(s_look);
        // The node's own rules ask the scheduler without the intake.
        while (!intake.IsIdle || seat.IsBusy)
        {
            var problem = stopping.IsCancellationRequested ? RequestMap.NotReady("the node is stopping")
                : Stopwatch.GetTimestamp() < call.Deadline ? null
                : new Problem(ProblemCode.Timeout,
                    "requests still run; nothing was changed, allow more time or ask again later");
            if (problem is not null)
            {
                Reopen();
                return problem;
            }
            await look.WaitForNextTickAsync(CancellationToken.None);
        }
        return null;
    }

    private void Reopen()
    {
        _isChanging = false;
        if (seat.Current is null) intake.Close($"{ModelSeat.Empty}; the operator loads one by {ControlCommand.Load}");
        else if (_isDraining) intake.Close(Drained);
        else
        {
            intake.Open();
            _link.JoinPools();
        }
        Announce();
    }

    private ModelChoice? Unseat()
    {
        intake.Serve(null);
        if (seat.Leave() is not { } old) return null;
        old.Dispose();
        Tell("model_unloaded", old.Choice.Name);
        return old.Choice;
    }

    private Problem? Seat(ModelChoice choice)
    {
        try
        {
            var model = ServedModel.Open(config, choice, Say);
            seat.Take(model);
            intake.Serve(model);
            return null;
        }
        catch (Exception e) when (e is UserErrorException or ArgumentException)
        {
            return new Problem(ProblemCode.LoadFailed, e.Message);
        }
    }

    private Problem? Drain(ControlCall call, bool drain, CancellationToken stopping)
    {
        if (!drain)
        {
            if (_isDraining) Tell("resumed", "requests are taken again");
            _isDraining = false;
            Interlocked.Increment(ref _resumed);
            Reopen();
            return null;
        }
        if (_drains >= CallsMax)
            return new Problem(ProblemCode.QueueFull, "too many commands wait for the drain", RetryAfterSeconds: 5);
        if (!_isDraining)
        {
            _isDraining = true;
            if (seat.Current is not null) intake.Close(Drained);
            _link.LeavePools(s_farewell);
            Tell("draining", $"{_link.LiveCalls} requests are under way");
            Announce();
        }
        call.Reply.Accepted(_link.LiveCalls);
        Interlocked.Increment(ref _drains);
        _drain = Task.WhenAll(_drain, EndOfDrainAsync(call, Volatile.Read(ref _resumed), stopping));
        return null;
    }

    /// <summary>Ends the command when the broker has every answer; the desk goes on meanwhile.</summary>
    private async Task EndOfDrainAsync(ControlCall call, int resumed, CancellationToken stopping)
    {
        using var look = new PeriodicTimer(s_look);
        Problem? problem = null;
        while (problem is null && _link.LiveCalls > 0)
        {
            await look.WaitForNextTickAsync(CancellationToken.None);
            problem = stopping.IsCancellationRequested ? RequestMap.NotReady("the node is stopping")
                : Volatile.Read(ref _resumed) != resumed
                    ? new Problem(ProblemCode.Cancelled, "the drain was taken back before it was over")
                : Stopwatch.GetTimestamp() < call.Deadline ? null
                : new Problem(ProblemCode.Timeout,
                    $"{_link.LiveCalls} requests are still under way; the node takes no new ones");
        }
        Interlocked.Decrement(ref _drains);
        if (problem is not null)
        {
            call.Reply.Fail(problem);
            return;
        }
        Tell("drained", "no request is under way");
        Done(call);
    }

    private Problem? WhyPinned() => _pinned is null ? null
        : new Problem(ProblemCode.Conflict,
            $"'{_pinned}' is pinned; unpin it first: {ControlCommand.Pin} with \"pinned\":false");
}
