using System.CommandLine;
using System.Text.Json;
using Edge.Agent.Config;
using Edge.Agent.Service;

namespace Edge.Agent.Commands;

/// <summary>`edge health`: what the service on this machine says of itself, and whether that is good enough; for the
/// packaging's verifier and for containers.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var command = new Command("health", "Ask the service on this machine how it is; fails when it is not well.");
        var socket = new Option<string?>("--socket")
        {
            Description = "Its health socket; absent: the configuration's, else $RUNTIME_DIRECTORY/health.sock.",
            HelpName = "PATH",
        };
        var config = new Option<string[]>("--config", "-c")
        {
            Description = "A configuration, JSON, or a folder of such files; later ones win.", HelpName = "PATH",
            DefaultValueFactory = _ => [],
        };
        var ready = new Option<bool>("--ready") { Description = "Fail unless it takes requests." };
        var online = new Option<bool>("--online") { Description = "Fail unless it reaches its broker." };
        command.Options.Add(socket);
        command.Options.Add(config);
        command.Options.Add(ready);
        command.Options.Add(online);
        command.SetAction(parsed =>
        {
            string[] files = parsed.GetValue(config) ?? [];
            var where = files.Length > 0 ? ConfigFile.Read(files, new Dictionary<string, string?>()).Health : new();
            string path = parsed.GetValue(socket) ?? where.Path() ?? throw new UserErrorException(
                "no health socket is known; give --socket PATH or --config FILE", ExitCode.Usage);
            var report = HealthSocket.Ask(path);
            Console.Out.WriteLine(JsonSerializer.Serialize(report, HealthJson.Default.HealthReport));
            if (report.WhyUnwell(parsed.GetValue(ready), parsed.GetValue(online)) is { } why)
                throw new UserErrorException(why);
            return ExitCode.Ok;
        });
        return command;
    }
}
