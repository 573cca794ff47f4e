using System.CommandLine;
using Edge.Agent.Config;
using Edge.Agent.Fleet;
using Edge.Mqtt;

namespace Edge.Agent.Commands;

/// <summary>`edge fleet`: one line a node, from what the broker has retained. `edge top`: one node, live.</summary>
internal static class FleetCommand
{
    private const string Home = "\u001b[H", ClearToEnd = "\u001b[J", ClearLine = "\u001b[K";
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    /// <summary>Retained messages come at once; this long without one, and all have come.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    public static Command CreateFleet()
    {
        var command = new Command("fleet", "One line a node, from what the broker has retained.");
        var arguments = new Arguments(command, "Print what is retained, then end (also without this option).");
        command.SetAction(parsed =>
        {
            using var stop = new StopSignal();
            using var client = arguments.Connect(parsed, "+", stop.Token);
            while (client.WaitForChange(Settle, stop.Token))
            {
                // More may come.
            }
            var nodes = client.Views.All;
            if (arguments.Json(parsed))
            {
                foreach (var node in nodes) JsonLine.Print(node, FleetJson.Default.NodeView);
                return ExitCode.Ok;
            }
            Console.Out.WriteLine(ViewText.Head);
            foreach (var node in nodes) Console.Out.WriteLine(ViewText.Line(node));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command CreateTop()
    {
        var command = new Command("top", "Watch one node: requests, tokens, cache, temperature, throttling.");
        var node = new Option<string>("--node", "-n")
        {
            Description = "The node to watch.", HelpName = "ID", DefaultValueFactory = _ => AgentConfig.DefaultNode,
        };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds to wait for the node's telemetry.", HelpName = "S", DefaultValueFactory = _ => 30,
        };
        Validate.Between(timeout, 0.1, 3600d);
        command.Options.Add(node);
        command.Options.Add(timeout);
        var arguments = new Arguments(command, "Print once, when the node has told everything, and end.");
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(node)!;
            bool once = arguments.Once(parsed) || arguments.Json(parsed);
            using var stop = new StopSignal();
            using var client = arguments.Connect(parsed, name, stop.Token);
            if (!once && !Console.IsOutputRedirected)
            {
                Watch(client, name, stop.Token);
                return ExitCode.Ok;
            }
            var view = WaitForAll(client, name, TimeSpan.FromSeconds(parsed.GetValue(timeout)), stop.Token);
            if (arguments.Json(parsed)) JsonLine.Print(view, FleetJson.Default.NodeView);
            else Console.Out.Write(ViewText.Page(view));
            return ExitCode.Ok;
        });
        return command;
    }

    private static NodeView WaitForAll(FleetClient client, string name, TimeSpan limit, CancellationToken stop)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (client.Views.Find(name) is not { IsComplete: true })
        {
            var left = limit - TimeProvider.System.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || (!client.WaitForChange(left, stop) && stop.IsCancellationRequested))
                throw new UserErrorException(
                    $"node '{name}' has not told its telemetry; 'edge fleet' lists the nodes of the broker");
        }
        return client.Views.Find(name)!;
    }

    private static void Watch(FleetClient client, string name, CancellationToken stop)
    {
        Console.Out.Write(Home + ClearToEnd);
        while (!stop.IsCancellationRequested)
        {
            string page = client.Views.Find(name) is { } view ? ViewText.Page(view) : $"waiting for node '{name}'\n";
            if (!client.IsOnline) page += "the broker does not answer; this is old\n";
            // Over the old page, line by line: clearing first would flicker.
            Console.Out.Write(Home + page.Replace("\n", ClearLine + "\n") + ClearToEnd);
            client.WaitForChange(TimeSpan.FromSeconds(1), stop);
        }
    }

    /// <summary>What both commands take.</summary>
    private sealed class Arguments
    {
        private readonly BrokerArguments _broker;

        private readonly Option<string> _root = new("--root")
        {
            Description = "The root of all topics.", HelpName = "TOPIC",
            DefaultValueFactory = _ => NodeTopics.DefaultRoot,
        };

        private readonly Option<bool> _once;
        private readonly Option<bool> _json = new("--json") { Description = "One JSON object a node, then end." };

        public Arguments(Command command, string once)
        {
            _once = new("--once") { Description = once };
            _broker = new BrokerArguments(command);
            foreach (Option option in (Option[])[_root, _once, _json]) command.Options.Add(option);
        }

        public bool Once(ParseResult parsed) => parsed.GetValue(_once);

        public bool Json(ParseResult parsed) => parsed.GetValue(_json);

        public FleetClient Connect(ParseResult parsed, string node, CancellationToken stop)
        {
            string root = parsed.GetValue(_root)!;
            if (new NodeTopics(root, node == "+" ? "all" : node).Validate() is { } wrong)
                throw new UserErrorException(wrong, ExitCode.Usage);
            var client = new FleetClient(_broker.Read(parsed), root, node);
            try
            {
                client.Connect(ConnectLimit, stop);
                return client;
            }
            catch
            {
                client.Dispose();
                throw;
            }
        }
    }
}
