using System.CommandLine;
using Edge.Agent.Config;

namespace Edge.Agent.Commands;

/// <summary>`edge selftest`: whether this release does on this machine what the last one did; for the packaging's
/// verifier.</summary>
internal static class SelftestCommand
{
    public static Command Create()
    {
        var command = new Command(
            "selftest", "Check the model's files, a golden prompt and the speed against the previous release.");
        var config = new Option<string[]>("--config", "-c")
        {
            Description = "A configuration, JSON, or a folder of such files; later ones win.", HelpName = "PATH",
            DefaultValueFactory = _ => [],
        };
        var model = new Option<string?>("--model", "-m") { Description = "The model: a GGUF file.", HelpName = "FILE" };
        var state = new Option<string?>("--state")
        {
            Description = "Folder that remembers the speed from one release to the next.", HelpName = "DIR",
        };
        command.Options.Add(config);
        command.Options.Add(model);
        command.Options.Add(state);
        command.SetAction(parsed =>
        {
            var overrides = new Dictionary<string, string?>();
            if (parsed.GetValue(model) is { } file) overrides["model"] = file;
            var read = ConfigFile.Read(parsed.GetValue(config) ?? [], overrides);
            foreach (string line in Selftest.Run(read, parsed.GetValue(state))) Console.Out.WriteLine(line);
            return ExitCode.Ok;
        });
        return command;
    }
}
