using Edge.Agent;
using Edge.Agent.Commands;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class ArgumentTests
{
    [Theory]
    [InlineData("pi:1884", "pi", 1884)]
    [InlineData("pi", "pi", 1883)]
    [InlineData("[::1]:99", "::1", 99)]
    [InlineData("fe80::1", "fe80::1", 1883)]
    public void Parse_BrokerAddress_HostAndPort(string text, string host, int port) =>
        Assert.Equal((host, port), BrokerAddress.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(":1883")]
    [InlineData("pi:")]
    [InlineData("pi:0")]
    [InlineData("pi:65536")]
    [InlineData("pi:mqtt")]
    public void Parse_BadBrokerAddress_IsAUsageError(string text) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<UserErrorException>(() => BrokerAddress.Parse(text)).Code);

    [Fact]
    public void Parse_TokenList_InOrder() => Assert.Equal([3, 0, 9], TokenList.Parse("3, 0,9", 10));

    [Theory]
    [InlineData("1,x", "'x'")]
    [InlineData("10", "0 to 9")]
    [InlineData("-1", "'-1'")]
    [InlineData("", "''")]
    public void Parse_BadTokenList_NamesThePart(string text, string named) =>
        Assert.Contains(
            named, Assert.Throws<UserErrorException>(() => TokenList.Parse(text, 10)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("models add", "edge models add")]
    [InlineData("pack", "edge pack")]
    [InlineData("", "edge")]
    public void CommandPath_OfASubcommand_NamesAllThatItBelongsTo(string given, string path) =>
        Assert.Equal(path, CommandLine.CommandPath(CommandLine.Create().Parse(given)));

    [Fact]
    public void Rate_OfARun_IsInItsUnit()
    {
        TimeSpan second = TimeSpan.FromSeconds(2);
        Assert.Equal(" 152 MB/s, 0:41 left  ", ProgressLine.Rate(304_000_000, 41 * 152_000_000L, second, "MB"));
        Assert.Equal(" 90 tokens/s, 1:40 left  ", ProgressLine.Rate(180, 9000, second, "tokens"));
        Assert.Equal("", ProgressLine.Rate(0, 9000, second, "tokens"));
    }

    [Fact]
    public void Why_OfASetThatIsNotTheFirst_IsAReason()
    {
        KernelSet[] all = [.. KernelSet.All];
        Assert.Equal($"the first of the list that this CPU runs; {all[0].Name} needs {all[0].Needs}",
            all[1].Why(null));
        Assert.Equal($"the CPU has {all[0].Needs}", all[0].Why(null));
    }
}
