using System.CommandLine;
using System.CommandLine.Parsing;
using Edge.Agent.Commands;
using Edge.Gguf;

namespace Edge.Agent;

/// <summary>The table of commands, and the one place that turns failures into a message and an exit code.</summary>
internal static class CommandLine
{
    public static int Run(string[] args)
    {
        var parsed = Create().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) Console.Error.WriteLine($"edge: {Sentence.OfOption(error.Message)}");
            Console.Error.WriteLine($"edge: '{CommandPath(parsed)} --help' shows what it takes");
            return ExitCode.Usage;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // The commands that must end gracefully handle signals themselves.
            });
        }
        catch (UserErrorException e)
        {
            Console.Error.WriteLine($"edge: {e.Message}");
            return e.Code;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || OutputPath.IsTooLarge(e))
        {
            Console.Error.WriteLine($"edge: {Sentence.Of(e)}");
            return ExitCode.Failed;
        }
        catch (Exception e) // boundary: the process ends here, with a sentence instead of a stack trace
        {
            Console.Error.WriteLine(
                $"edge: this is a fault of edge itself, please report it: {e.GetType().Name}: {e.Message}");
            return ExitCode.Failed;
        }
    }

    /// <summary>Every command with its options.</summary>
    public static RootCommand Create() =>
        new("Runs language models on the CPU of small boards, locally or over MQTT.")
        {
            RunCommand.Create(),
            AskCommand.Create(),
            SenseCommand.Create(),
            BenchCommand.Create(),
            EvalCommand.Create(),
            PerplexityCommand.Create(),
            CompareCommand.Create(),
            LogitsCommand.Create(),
            TokenizeCommand.Create(),
            InspectCommand.Create(),
            ModelsCommand.Create(),
            PackCommand.Create(),
            PlanCommand.Create(),
            ReplayCommand.Create(),
            KernelsCommand.Create(),
            SelftestCommand.Create(),
            HealthCommand.Create(),
            DoctorCommand.Create(),
            FleetCommand.CreateTop(),
            FleetCommand.CreateFleet(),
        };

    /// <summary>"edge models add": with the commands that it belongs to.</summary>
    internal static string CommandPath(ParseResult parsed)
    {
        string path = "";
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Parent: not null } command; at = at.Parent)
            path = $" {command.Command.Name}{path}";
        return $"edge{path}";
    }
}
