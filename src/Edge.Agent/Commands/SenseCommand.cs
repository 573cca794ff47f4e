using System.CommandLine;

namespace Edge.Agent.Commands;

internal static class SenseCommand
{
    public static Command Create() => new("sense", "x");
}
