using Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Edge.Agent.Service;

// What the desk says of the node.
internal sealed partial class ControlDesk
{
    private readonly Lock _telling = new();

    /// <summary>What the node is now, for `info` and `status`. Any thread.</summary>
    public void Announce()
    {
        lock (_telling)
        {
            _link.SetInfo(NodeCard.Of(config, seat.Current, options, _pinned));
            TellStatus();
        }
    }

    /// <summary>Publishes whether requests are taken and how many wait, where that has changed. Any thread.</summary>
    /// <remarks>Looked at and published under one lock: what is told last is what was seen last.</remarks>
    public void TellStatus()
    {
        lock (_telling) _link.SetStatus(IsReady, seat.Statistics.QueueDepth);
    }

    /// <summary>The end: requests are refused from now on.</summary>
    public void TellStopping()
    {
        _isStopping = true;
        TellStatus();
    }

    private void Done(ControlCall call)
    {
        var model = seat.Current;
        call.Reply.Done("edge.node", json =>
        {
            json.WriteBoolean("ready", IsReady);
            json.WriteBoolean("draining", _isDraining);
            if (model is null) json.WriteNull("model");
            else json.WriteString("model", model.Choice.Name);
            json.WriteBoolean("pinned", _pinned is not null);
            if (model is null) return;
            json.WriteNumber("context_length", model.Scheduler.ContextLength);
            json.WriteNumber("load_ms", Math.Round(model.LoadTime.TotalMilliseconds, 1));
        });
    }

    private void TellLoaded(ServedModel model)
    {
        log.LogInformation(
            "ready: model {Model}, context {Context}, kernels {Kernels}, {Threads} threads, loaded in {Ms:F0} ms",
            model.Choice.Name, model.Scheduler.ContextLength, model.Loaded.Model.KernelSetName,
            model.Loaded.Model.Threads, model.LoadTime.TotalMilliseconds);
        _link.Publish(new NodeEvent("model_loaded", model.Choice.Name));
    }

    private void Tell(string kind, string detail)
    {
        log.LogInformation("{Kind}: {Detail}", kind, detail);
        _link.Publish(new NodeEvent(kind, detail));
    }

    private void Say(string line) => log.LogInformation("{Line}", line);
}
