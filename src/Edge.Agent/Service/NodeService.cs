using System.Diagnostics;
using Edge.Agent.Config;
using Edge.Agent.Rules;
using Edge.Devices;
using Edge.Engine;
using Edge.Mqtt;
#if MQTTNET
using Edge.Mqtt.MqttNet;
#else
using Edge.Mqtt.Libmosquitto;
#endif
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Agent.Service;

/// <summary>The service: joins the broker, loads the model, serves until told to stop, then finishes what it
/// accepted.</summary>
internal sealed class NodeService(AgentConfig config, IHostApplicationLifetime lifetime, ILogger<NodeService> log)
    : BackgroundService
{
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(2);

    /// <summary>Devices may speak before the model is loaded: what they say waits here.</summary>
    private readonly RuleInbox _inbox = new();

    /// <summary>The service ended because it could not do its work, not because it was told to.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Every part that a look for life asks must move within two looks; loading may take this long.</summary>
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync(stoppingToken);
        }
        catch (Exception e) // boundary: whatever ends the service, the host must stop and the exit code say so
        {
            HasFailed = true;
            // What options, files and libraries can be wrong in has a sentence of its own; anything else is a fault of
            // ours.
            if (e is UserErrorException or ArgumentException or DllNotFoundException)
                log.LogError("{Message}", e.Message);
            else
                log.LogError(
                    "this is a fault of edge itself, please report it: {Type}: {Message}", e.GetType().Name, e.Message);
            lifetime.StopApplication();
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        using var manager = new SystemdSocket(Environment.GetEnvironmentVariable);
        manager.Extend(LoadLimit);
        // A wrong path or a broken file is found before the node appears on the broker.
        ModelFile.OpenHeader(config.Model);
        var options = NodeOptions();
        using var intake = new ChatIntake(options.CallsMax, options.Journal is not null);
        HomeAssistantLink? home = null;
        using var link = new NodeLink(
            options,
            new NodeHandlers
            {
                Admit = intake.Admit,
                OnChat = intake.OnChat,
                OnCancel = intake.OnCancel,
                OnOther = message =>
                {
                    if (home?.OnMessage(message) != true) _inbox.TryAdd(message);
                },
                OnOnline = () =>
                {
                    log.LogInformation(
                        "online as {Node} on {Host}:{Port}", config.Node, config.Mqtt.Host, config.Mqtt.Port);
                    home?.OnOnline();
                },
                OnOffline = why => log.Log(stopping.IsCancellationRequested ? LogLevel.Debug : LogLevel.Warning,
                    "offline: {Why}; trying again", why), // What we close ourselves is no news.
                OnLog = (level, text) => log.Log(Level(level), "{Text}", text),
            },
#if MQTTNET
            static (mqtt, events) => new MqttNetTransport(mqtt, events));
#else
            static (mqtt, events) => new MosquittoTransport(mqtt, events));
#endif
        using (home = new HomeAssistantLink(
            config.HomeAssistant, link.Topics, options.Version, config.TelemetrySeconds, link.TryPublish))
            await ServeAsync(link, intake, options, home, manager, stopping);
    }

    private async Task ServeAsync(NodeLink link, ChatIntake intake, NodeOptions options, HomeAssistantLink home,
        SystemdSocket manager, CancellationToken stopping)
    {
        link.Start();

        long started = Stopwatch.GetTimestamp();
        var model = MemoryAdmission.Admit(config.Model, config.Inference.ToModelOptions(), config.Inference.Context,
            config.Inference.Slots, line => log.LogInformation("{Line}", line));
        using var loaded = LoadedModel.Open(config.Model, model);
        using var trace = config.Inference.Trace is { } path ? TraceFile.Start(loaded, path) : null;
        using var drafts = DraftSetup.Open(
            config.Speculation.Draft, config.Speculation.DraftMax, config.Inference.ToModelOptions());
        using var scheduler = new Scheduler(loaded.Model, loaded.Tokenizer, new SchedulerOptions
        {
            QueueMax = config.Inference.Queue, SlotsMax = config.Inference.Slots,
            ContextLength = loaded.Model.Plan?.ContextLength ?? config.Inference.Context,
            Speculation = drafts.Options,
        });
        int context = scheduler.ContextLength;
        _ = loaded.Template; // A template that cannot be used is a reason not to be ready.
        // What an earlier run owes comes first.
        link.Resume();
        intake.Serve(scheduler, new RequestMap(loaded, config));
        link.SetInfo(NodeCard.Of(config, loaded, options, context));
        link.SetStatus(ready: true, queue: 0);
        log.LogInformation(
            "ready: model {Model}, context {Context}, kernels {Kernels}, {Threads} threads, loaded in {Ms:F0} ms",
            config.ModelName, context, loaded.Model.KernelSetName, loaded.Model.Threads,
            Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        // Ready says that requests can be answered, not that the broker is there.
        manager.Ready($"model {config.ModelName}, {loaded.Model.Threads} threads");
        using var watch = Watch(manager, scheduler, link);
        using var inventory = config.Sensors.Discover();
        home.Announce(inventory.ReadAll());
        using (StartRules(link, loaded, scheduler, inventory))
            await ReportAsync(link, loaded, intake, scheduler, inventory, stopping);
        manager.Stopping();
        await DrainAsync(intake, link, scheduler);
    }

    /// <summary>Tells the manager that the service is alive as long as tokens and the network move; a part that hangs
    /// is named once, and then the manager's patience runs out.</summary>
    private Timer? Watch(SystemdSocket manager, Scheduler scheduler, NodeLink link)
    {
        if (manager.WatchdogPeriod is not { } period) return null;
        var parts = new Liveness(
            ("the loop over tokens", () => scheduler.Heartbeat, () => scheduler.IsBusy),
            ("the link to the broker", () => link.Counters.Passes, () => link.IsOnline));
        return new Timer(
            _ =>
            {
                if (parts.Stuck() is { } stuck) log.LogError("no sign of life from {Part}", stuck);
                else manager.Alive();
            },
            null, TimeSpan.Zero, period);
    }

    /// <summary>Null where the configuration has no rules: then nothing runs for them.</summary>
    private RuleService? StartRules(NodeLink link, LoadedModel loaded, Scheduler scheduler, SensorInventory inventory)
    {
        var (rules, _) = RuleCompiler.Compile(config.Rules, link.Topics); // Its problems were found at start.
        if (rules.Count == 0) return null;
        var service = new RuleService(
            problem => new RuleBook(rules, config.Node, () => inventory.ReadAll(), TimeProvider.System, problem),
            new RuleAsker(config.Node, config.Mqtt.Root, loaded.EncodeChat, scheduler.TryAccept),
            _inbox, link.TryPublish, text => log.LogWarning("{Text}", text));
        log.LogInformation("{Count} rules run: {Names}", rules.Count, string.Join(", ", rules.Select(r => r.Name)));
        return service;
    }

    /// <summary>Telemetry until the service is told to stop.</summary>
    private async Task ReportAsync(
        NodeLink link, LoadedModel loaded, ChatIntake intake, Scheduler scheduler, SensorInventory inventory,
        CancellationToken stopping)
    {
        bool warned = false;
        var source = new TelemetrySource(config.Sensors, inventory);
        var updates = new UpdateWatch(config.UpdateFile, NodeCard.Version, link.SetUpdate, link.Publish);
        var governor = new GovernorLoop(
            config.Sensors, source, loaded.Model.Threads, effort => scheduler.Effort = effort, link.Publish);
        var governing = governor.RunAsync(stopping);
        using var health = Health(link, source, intake, scheduler, governor);
        var exporting = Export(source, intake, scheduler, governor, stopping);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(config.TelemetrySeconds));
        try
        {
            do
            {
                if (!warned && scheduler.Statistics.Speculation?.Problem is { } problem)
                {
                    warned = true;
                    log.LogWarning("no more drafts: {Problem}", problem);
                }
                updates.Look(link.IsOnline);
                if (!link.IsOnline) continue; // Telemetry of an hour ago helps nobody.
                // Not at the start: what is published before the broker answers is lost, and this is told only once.
                if (Announcement.Take(StateDirectory.Path) is { } happened) link.Publish(happened);
                link.Publish(source.System(governor.Level, governor.Threads));
                var inference = Inference(scheduler.Statistics, intake.Refused);
                link.Publish(inference);
                link.Publish(NodeCard.Weights(config, loaded));
                if (source.Sensors() is { } sensors) link.Publish(sensors);
                link.SetStatus(ready: true, inference.Queue);
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

    private HealthSocket? Health(
        NodeLink link, TelemetrySource source, ChatIntake intake, Scheduler scheduler, GovernorLoop governor)
    {
        if (config.Health.Path() is not { } path) return null;
        return new HealthSocket(path, () =>
        {
            var now = Inference(scheduler.Statistics, intake.Refused);
            return new HealthReport(
                NodeCard.Version, link.BootId, Ready: true, link.IsOnline, config.ModelName, source.UptimeS, now.Queue,
                now.Running, now.Completed, now.Failed, now.TokS, scheduler.Heartbeat, governor.Level);
        });
    }

    private Task Export(
        TelemetrySource source, ChatIntake intake, Scheduler scheduler, GovernorLoop governor,
        CancellationToken stopping)
    {
        if (config.Otlp.Endpoint is not { } endpoint) return Task.CompletedTask;
        var started = DateTimeOffset.UtcNow;
        return new OtlpExporter(
            new Uri(endpoint), TimeSpan.FromSeconds(config.Otlp.Seconds),
            () => OtlpMetrics.Write(config.Node, NodeCard.Version, started, DateTimeOffset.UtcNow, OtlpPoints.Of(
                Inference(scheduler.Statistics, intake.Refused), source.Temperature(), governor.Threads)),
            text => log.LogWarning("{Text}", text)).RunAsync(stopping);
    }

    /// <summary>Refuses new requests, waits for the accepted ones within the limit, and says goodbye.</summary>
    private async Task DrainAsync(ChatIntake intake, NodeLink link, Scheduler scheduler)
    {
        intake.Drain();
        link.SetStatus(ready: false, scheduler.Statistics.QueueDepth);
        link.LeavePools(FarewellLimit);
        var drained = scheduler.DrainAsync();
        if (!drained.IsCompleted) log.LogInformation("stopping: accepted requests are finished first");
        if (!await EndsWithin(drained, TimeSpan.FromSeconds(config.DrainSeconds)))
        {
            log.LogWarning(
                "stopping: requests that are not finished in time are {Fate}",
                config.Journal.Enabled ? "left for the next start" : "cancelled");
            intake.EndAll();
            await EndsWithin(drained, CancelLimit);
        }
        bool confirmed = link.Stop(FarewellLimit);
        log.LogInformation(
            "stopped: {Farewell}", confirmed ? "offline published" : "the broker did not confirm the farewell");
    }

    private static async Task<bool> EndsWithin(Task task, TimeSpan limit) =>
        await Task.WhenAny(task, Task.Delay(limit)) == task;

    private static InferenceTelemetry Inference(SchedulerStatistics s, long refused) => new()
    {
        Running = s.ActiveSlots,
        Queue = s.QueueDepth,
        Completed = s.Finished - s.Cancelled - s.TimedOut - s.Failed,
        Refused = refused,
        Failed = s.Cancelled + s.TimedOut + s.Failed,
        PromptTokens = s.PromptTokens,
        CompletionTokens = s.TokensGenerated,
        CachedTokens = s.CachedTokens,
        TokS = Math.Round(s.DecodeTokensPerSecond, 2),
        Drafted = s.Speculation?.Drafted,
        Accepted = s.Speculation?.Accepted,
        TokensPerStep = s.Speculation is { } drafts ? Math.Round(drafts.TokensPerStep, 3) : null,
    };

    private NodeOptions NodeOptions() => new()
    {
        NodeId = config.Node,
        Root = config.Mqtt.Root,
        Version = NodeCard.Version,
        Connection = config.Mqtt.Connection($"edge-{config.Node}"),
        MoreSubscriptions = [.. RuleCompiler.Filters(
                [.. config.Rules.Select(rule => rule.On?.Topic).OfType<string>(),
                .. config.HomeAssistant.Mode == HomeAssistantConfig.Off
                    ? Array.Empty<string>() : [HomeAssistantLink.StatusTopic(config.HomeAssistant)]])
            .Select(filter => new MqttSubscription(filter, 1))],
        ReplyPrefixes = config.Mqtt.ReplyPrefixes ?? [],
        WillDelaySeconds = (uint)config.Mqtt.WillDelaySeconds,
        Pools = config.Mqtt.Pools ?? [],
        Requesters = config.Mqtt.Requesters ?? [],
        Journal = config.Journal.ToOptions(config.Node),
        // The scheduler refuses with a better answer first; an answer that the broker has not taken yet counts too.
        CallsMax = config.Inference.Queue + config.Inference.Slots + 16,
    };

    private static LogLevel Level(MqttLogLevel level) => level switch
    {
        MqttLogLevel.Information => LogLevel.Information,
        MqttLogLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}
