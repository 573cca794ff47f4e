using System.CommandLine;
using System.Text.Json;
using Edge.Agent.Config;
using Edge.Agent.Service;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Agent.Commands;

/// <summary>`edge run`: the service.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new Command("run", "Serve a model over MQTT until SIGTERM or Ctrl-C.");
        var file = new Option<string[]>("--config", "-c")
        {
            Description = "A configuration, JSON, or a folder of such files; later ones win.", HelpName = "PATH",
            DefaultValueFactory = _ => [],
        };
        var broker = new Option<string?>("--broker", "-b") { Description = "The MQTT broker.", HelpName = "HOST:PORT" };
        // The configuration's key behind each option: the command line wins.
        (Option<string?> Option, string Key)[] overrides =
        [
            (new("--model", "-m") { Description = "The model: a GGUF file.", HelpName = "FILE" }, "model"),
            (new("--model-name") { Description = "The name that requests ask for.", HelpName = "NAME" }, "modelName"),
            (new("--node", "-n") { Description = "This machine's name in topics.", HelpName = "ID" }, "node"),
            (new("--root") { Description = "The root of all topics.", HelpName = "TOPIC" }, "mqtt:root"),
            (new("--threads", "-t") { Description = "Worker threads; 0: one per core.", HelpName = "N" },
                "inference:threads"),
            (new("--cpus") { Description = "The CPUs that the model's threads may use, such as 0-3,6.",
                HelpName = "LIST" }, "inference:cpus"),
            (new("--kernels") { Description = "Force a kernel set ('edge kernels' lists them).", HelpName = "SET" },
                "inference:kernels"),
            (new("--memory") { Description = "All that the model may take, such as 1500M; a larger one streams.",
                HelpName = "SIZE" }, "inference:memory"),
            (new("--experts") { Description = "When experts stream: exact, balanced or fast.", HelpName = "MODE" },
                "inference:experts"),
            (new("--template") { Description = TemplateSource.Help, HelpName = "FILE" }, "inference:template"),
            (new("--context") { Description = "Tokens of prompt and reply together.", HelpName = "N" },
                "inference:context"),
            (new("--slots") { Description = "Requests served side by side.", HelpName = "N" }, "inference:slots"),
            (new("--queue") { Description = "Requests that may wait.", HelpName = "N" }, "inference:queue"),
            (new("--draft") { Description = DraftArguments.DraftHelp, HelpName = "DRAFT" }, "speculation:draft"),
            (new("--draft-max") { Description = DraftArguments.MaxHelp, HelpName = "N" }, "speculation:draftMax"),
            (new("--journal") { Description = "Where accepted requests survive a crash.", HelpName = "FILE" },
                "journal:path"),
            (new("--telemetry-seconds") { Description = "Interval of telemetry.", HelpName = "S" }, "telemetrySeconds"),
            (new("--trace") { Description = "Record which experts the model chooses, for 'edge replay'.",
                HelpName = "FILE" }, "inference:trace"),
            .. BrokerArguments.Credentials(),
            (new("--sysfs") { Description = "Where the sensors are read.", HelpName = "DIR" }, "sensors:sysfsRoot"),
        ];
        command.Options.Add(file);
        command.Options.Add(broker);
        foreach (var (option, _) in overrides) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var values = new Dictionary<string, string?>();
            foreach (var (option, key) in overrides)
                if (parsed.GetValue(option) is { } value) values[key] = value;
            if (parsed.GetValue(broker) is { } address)
            {
                var (host, port) = BrokerAddress.Parse(address);
                (values["mqtt:host"], values["mqtt:port"]) = (host, $"{port}");
            }
            var config = ConfigFile.Read(parsed.GetValue(file) ?? [], values);
            if (config.Inference.Kernels is null && TuningFile.SetFor(config.Model) is { } tuned)
            {
                // Read again with it, so that the configuration in effect shows what this machine prefers.
                values["inference:kernels"] = tuned;
                config = ConfigFile.Read(parsed.GetValue(file) ?? [], values);
            }
            if (config.Journal.WhyNowhere() is { } nowhere) throw new UserErrorException(nowhere, ExitCode.Usage);
            return Serve(config);
        });
        return command;
    }

    private static int Serve(AgentConfig config)
    {
        // Secrets stand in files of their own, so the whole configuration can be shown.
        Console.Error.WriteLine($"info: edge {NodeCard.Version}, configuration in effect: " +
            JsonSerializer.Serialize(config, ConfigJson.Default.AgentConfig));
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(new StderrLog());
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(options =>
            options.ShutdownTimeout = TimeSpan.FromSeconds(config.DrainSeconds + 10));
        builder.Services.AddSingleton(config);
        builder.Services.AddSingleton<NodeService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<NodeService>());
        using var host = builder.Build();
        var service = host.Services.GetRequiredService<NodeService>();
        host.Run();
        return service.HasFailed ? ExitCode.Failed : ExitCode.Ok;
    }
}
