using Edge.Models;

namespace Edge.Agent;

/// <summary>A list of CPUs as people write it, on the command line or in the configuration.</summary>
internal static class CpuArgument
{
    /// <summary>What is wrong with it on this machine, with the remedy; null when all is well.</summary>
    public static string? Problem(string text)
    {
        try
        {
            return CpuList.Parse(text).Problem(CpuList.Online());
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
