using System.CommandLine;
using Edge.Agent.Config;

namespace Edge.Agent.Commands;

/// <summary>How a command reaches the broker: the options are the keys under "mqtt" of the configuration.</summary>
internal sealed class BrokerArguments
{
    /// <summary>Option and key of all but the address; `edge run` takes them too, over its configuration.</summary>
    public static (Option<string?> Option, string Key)[] Credentials() =>
    [
        (new("--user") { Description = "The user's name at the broker.", HelpName = "NAME" }, "mqtt:user"),
        (new("--password-file") { Description = "A file that holds the password.", HelpName = "FILE" },
            "mqtt:passwordFile"),
        (new("--ca-file") { Description = "TLS: the only authority that is believed (PEM).", HelpName = "FILE" },
            "mqtt:caFile"),
        (new("--certificate-file") { Description = "TLS: the own certificate (PEM).", HelpName = "FILE" },
            "mqtt:certificateFile"),
        (new("--key-file") { Description = "TLS: the own certificate's key (PEM).", HelpName = "FILE" },
            "mqtt:keyFile"),
    ];

    private readonly Option<string> _broker = new("--broker", "-b")
    {
        Description = "The MQTT broker; TLS is usually on port 8883.", HelpName = "HOST:PORT",
        DefaultValueFactory = _ => "127.0.0.1:1883",
    };

    private readonly (Option<string?> Option, string Key)[] _credentials = Credentials();

    public BrokerArguments(Command command)
    {
        command.Options.Add(_broker);
        foreach (var (option, _) in _credentials) command.Options.Add(option);
    }

    /// <summary>Errors: UserErrorException (usage) for an address that is none, a file that is not there, options that
    /// need each other.</summary>
    public MqttConfig Read(ParseResult parsed)
    {
        var (host, port) = BrokerAddress.Parse(parsed.GetValue(_broker)!);
        string? Of(string key) => parsed.GetValue(Array.Find(_credentials, c => c.Key == key).Option);
        var config = new MqttConfig(
            host, port, Of("mqtt:user"), Of("mqtt:passwordFile"), Of("mqtt:caFile"), Of("mqtt:certificateFile"),
            Of("mqtt:keyFile"));
        return config.Problem() is { } problem ? throw new UserErrorException(problem, ExitCode.Usage) : config;
    }
}
