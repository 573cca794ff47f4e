using System.CommandLine;

namespace Edge.Agent.Commands;

internal static class KernelsCommand
{
    public static Command Create() => new("kernels", "List the kernels of this binary and which of them this CPU runs.");
    public static string? RequireKnown(string? name) => name;
}
