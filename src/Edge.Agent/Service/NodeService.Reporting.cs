using Edge.Devices;
using Edge.Mqtt;
using Microsoft.Extensions.Logging;

namespace Edge.Agent.Service;

// What the service tells of itself while it runs.
internal sealed partial class NodeService
{
    /// <summary>Telemetry until the service is told to stop.</summary>
    private async Task ReportAsync(
        NodeLink link, ModelSeat seat, int threads, ChatIntake intake, ControlDesk desk, QueryDesk queries,
        SensorInventory inventory, CancellationToken stopping)
    {
        bool warned = false;
        var source = new TelemetrySource(config.Sensors, inventory);
        var updates = new UpdateWatch(config.UpdateFile, NodeCard.Version, link.SetUpdate, link.Publish);
        var governor = new GovernorLoop(
            config.Sensors, source, threads, effort => seat.Effort = effort, link.Publish);
        var governing = governor.RunAsync(stopping);
        var report = () => Report(link, source, intake, seat, desk, governor);
        using var health = config.Health.Path() is { } path ? new HealthSocket(path, report) : null;
        queries.Start(report);
        var exporting = Export(source, intake, seat, governor, stopping);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(config.TelemetrySeconds));
        try
        {
            do
            {
                if (governing.IsFaulted || exporting.IsFaulted) break; // Told below.
                if (!warned && seat.Statistics.Speculation?.Problem is { } problem)
                {
                    warned = true;
                    log.LogWarning("no more drafts: {Problem}", problem);
                }
                // Not before the broker answers: what is published then is lost, and this is told only once.
                bool isOnline = link.IsOnline;
                if (isOnline && Announcement.Take(StateDirectory.Path) is { } happened) link.Publish(happened);
                updates.Look(isOnline);
                if (!isOnline) continue; // Telemetry of an hour ago helps nobody.
                link.Publish(source.System(governor.Level, governor.Threads));
                var inference = NodeCard.Inference(seat.Statistics, intake.Refused);
                link.Publish(inference);
                if (seat.Current is { } model) link.Publish(NodeCard.Weights(model));
                if (source.Sensors() is { } sensors) link.Publish(sensors);
                desk.TellStatus();
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
        await governing;
        await exporting;
    }

    private static HealthReport Report(
        NodeLink link, TelemetrySource source, ChatIntake intake, ModelSeat seat, ControlDesk desk,
        GovernorLoop governor)
    {
        var now = NodeCard.Inference(seat.Statistics, intake.Refused);
        return new HealthReport(
            NodeCard.Version, link.BootId, desk.IsReady, link.IsOnline, seat.Name, source.UptimeS, now.Queue,
            now.Running, now.Completed, now.Failed, now.TokS, seat.Heartbeat, governor.Level, link.Journal);
    }

    private Task Export(
        TelemetrySource source, ChatIntake intake, ModelSeat seat, GovernorLoop governor,
        CancellationToken stopping)
    {
        if (config.Otlp.Endpoint is not { } endpoint) return Task.CompletedTask;
        var started = DateTimeOffset.UtcNow;
        return new OtlpExporter(
            new Uri(endpoint), TimeSpan.FromSeconds(config.Otlp.Seconds),
            () => OtlpMetrics.Write(config.Node, NodeCard.Version, started, DateTimeOffset.UtcNow, OtlpPoints.Of(
                NodeCard.Inference(seat.Statistics, intake.Refused), source.Temperature(), governor.Threads)),
            text => log.LogWarning("{Text}", text)).RunAsync(stopping);
    }
}
