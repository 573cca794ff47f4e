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
internal sealed partial class NodeService(
    AgentConfig config, IHostApplicationLifetime lifetime, ILogger<NodeService> log) : BackgroundService
{
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(2);

    /// <summary>Devices may speak before the model is loaded: what they say waits here. Null: no rule would read
    /// it.</summary>
    private readonly RuleInbox? _inbox = config.Rules.Length > 0 ? new() : null;

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
                log.LogError("{Message}", Sentence.Of(e));
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
        var options = NodeOptions(config.Journal.ToOptions(config.Node));
        var seat = new ModelSeat();
        using var intake = new ChatIntake(options.CallsMax, options.Journal is not null);
        var desk = new ControlDesk(config, options, seat, intake, log);
        using var queries = new QueryDesk(seat);
        HomeAssistantLink? home = null;
        using var link = new NodeLink(
            options,
            new NodeHandlers
            {
                Admit = intake.Admit,
                OnChat = intake.OnChat,
                OnCancel = intake.OnCancel,
                OnControl = desk.OnControl,
                OnQuery = queries.OnQuery,
                OnOther = message =>
                {
                    if (home?.OnMessage(message) != true) _inbox?.TryAdd(message);
                },
                OnOnline = () =>
                {
                    log.LogInformation(
                        "online as {Node} on {Host}:{Port}", config.Node, config.Mqtt.Host, config.Mqtt.Port);
                    home?.OnOnline();
                },
                OnRebirth = () => home?.OnOnline(),
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
            await ServeAsync(link, seat, intake, desk, queries, home, manager, stopping);
    }

    private async Task ServeAsync(NodeLink link, ModelSeat seat, ChatIntake intake, ControlDesk desk,
        QueryDesk queries, HomeAssistantLink home, SystemdSocket manager, CancellationToken stopping)
    {
        using var leaving = seat; // Before the link: its replies go through it.
        link.Start();

        var model = desk.Start(link);
        int threads = model.Loaded.Model.Threads;
        // What an earlier run owes comes first.
        link.Resume();
        desk.Open(model);
        // Ready says that requests can be answered, not that the broker is there.
        manager.Ready($"model {config.ModelName}, {threads} threads");
        using var inventory = config.Sensors.Discover();
        home.Announce(inventory.ReadAll());
        var commands = desk.RunAsync(stopping);
        using (var rules = StartRules(link, seat, inventory))
        using (Watch(manager, seat, link, intake, rules))
            await WhileAllLive(
                ending => ReportAsync(link, seat, threads, intake, desk, queries, inventory, ending), stopping,
                intake.Loop, commands, queries.Loop, rules?.Loop ?? commands);
        manager.Stopping();
        await commands;
        await DrainAsync(intake, link, seat, desk);
    }

    /// <summary>Runs until told to stop. A loop that ends before that has met a bug: it ends the work, and its
    /// exception the process.</summary>
    internal static async Task WhileAllLive(
        Func<CancellationToken, Task> work, CancellationToken stopping, params Task[] loops)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var working = work(ending.Token);
        await Task.WhenAny([working, .. loops]);
        await ending.CancelAsync();
        await working;
        foreach (var loop in loops)
            if (loop.IsFaulted) await loop;
    }

    /// <summary>Tells the manager that the service is alive as long as all parts that have work move; a part that hangs
    /// is named once, and then the manager's patience runs out.</summary>
    private Timer? Watch(SystemdSocket manager, ModelSeat seat, NodeLink link, ChatIntake intake, RuleService? rules)
    {
        if (manager.WatchdogPeriod is not { } period) return null;
        var parts = new Liveness(
            ("the loop over tokens", () => seat.Heartbeat, () => seat.IsBusy),
            ("the intake of requests", () => intake.Passes, () => intake.IsBusy),
            ("the rules", () => rules?.Passes ?? 0, () => rules?.IsBusy ?? false),
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
    private RuleService? StartRules(NodeLink link, ModelSeat seat, SensorInventory inventory)
    {
        var (rules, _) = RuleCompiler.Compile(config.Rules, link.Topics); // Its problems were found at start.
        if (rules.Count == 0 || _inbox is null) return null;
        var service = new RuleService(
            problem => new RuleBook(rules, config.Node, () => inventory.ReadAll(), TimeProvider.System, problem),
            new RuleAsker(config.Node, config.Mqtt.Root, seat.EncodeChat, seat.TryAccept),
            _inbox, link.TryPublish, text => log.LogWarning("{Text}", text));
        log.LogInformation("{Count} rules run: {Names}", rules.Count, string.Join(", ", rules.Select(r => r.Name)));
        return service;
    }

    /// <summary>Refuses new requests, waits for the accepted ones within the limit, and says goodbye.</summary>
    private async Task DrainAsync(ChatIntake intake, NodeLink link, ModelSeat seat, ControlDesk desk)
    {
        intake.Drain();
        desk.TellStopping();
        link.LeavePools(FarewellLimit);
        var drained = seat.Current?.Scheduler.DrainAsync() ?? Task.CompletedTask;
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

    private NodeOptions NodeOptions(JournalOptions? journal) => new()
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
        Controls = config.Control.Allow,
        Journal = journal,
        // Where requests survive, what is known of the session survives too.
        SessionFile = journal is not null ? journal.Path + ".session"
            : StateDirectory.Path is { } state ? Path.Combine(state, $"session-{config.Node}") : null,
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
