using Xunit;

namespace Edge.Tests.House;

internal static class Verdict
{
    /// <summary>Fails with every finding on a line of its own.</summary>
    public static void None(IEnumerable<string> findings)
    {
        var all = findings.Distinct().ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
