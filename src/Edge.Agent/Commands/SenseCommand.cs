using System.CommandLine;
using Edge.Agent.Config;
using Edge.Agent.Sense;
using Edge.Mqtt;

namespace Edge.Agent.Commands;

/// <summary>`edge sense`: sends readings to a node as chat requests and prints its verdicts.</summary>
internal static class SenseCommand
{
    public static Command Create()
    {
        var command = new Command("sense", "Publish a sensor's readings as requests to a node and print the replies.");
        var simulate = new Option<bool>("--simulate")
        {
            Description = "Readings of simulated places that the demo model knows.", Required = true,
        };
        var broker = new BrokerArguments(command);
        var node = new Option<string>("--node", "-n")
        {
            Description = "The node to ask.", HelpName = "ID", DefaultValueFactory = _ => AgentConfig.DefaultNode,
        };
        var root = new Option<string>("--root")
        {
            Description = "The root of all topics.",
            HelpName = "TOPIC",
            DefaultValueFactory = _ => NodeTopics.DefaultRoot,
        };
        var count = new Option<int>("--count") { Description = "Readings to send; 0: until Ctrl-C.", HelpName = "N" };
        var interval = new Option<double>("--interval")
        {
            Description = "Seconds from one reading to the next.", HelpName = "S", DefaultValueFactory = _ => 2,
        };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds to wait for the node, and for each reply.",
            HelpName = "S",
            DefaultValueFactory = _ => 30,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "The same seed gives the same readings.", HelpName = "N", DefaultValueFactory = _ => 1,
        };
        var json = new Option<bool>("--json") { Description = "One JSON object a reply." };
        Validate.Between(count, 0, int.MaxValue);
        Validate.Between(interval, 0d, 86400d);
        Validate.Between(timeout, 0.1, 3600d);
        foreach (Option option in (Option[])[simulate, node, root, count, interval, timeout, seed, json])
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var topics = new NodeTopics(parsed.GetValue(root)!, parsed.GetValue(node)!);
            if (topics.Validate() is { } wrong) throw new UserErrorException(wrong, ExitCode.Usage);
            bool asJson = parsed.GetValue(json);
            using var loop = new SenseLoop(
                topics, broker.Read(parsed), TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                asJson ? static (_, _) => { } : SensePrint.Telemetry);
            using var stop = new StopSignal();
            return loop.Run(
                parsed.GetValue(seed), parsed.GetValue(count), TimeSpan.FromSeconds(parsed.GetValue(interval)),
                asJson ? report => JsonLine.Print(report, AgentJson.Default.SenseReport) : SensePrint.Text, stop.Token)
                ? ExitCode.Ok
                : ExitCode.Failed;
        });
        return command;
    }
}
