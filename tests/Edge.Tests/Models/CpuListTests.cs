using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

public sealed class CpuListTests
{
    [Theory]
    [InlineData("0", "0", 1)]
    [InlineData("0-3,6", "0-3,6", 5)]
    [InlineData("6, 3,2,1-2", "1-3,6", 4)]
    [InlineData("1023", "1023", 1)]
    public void Parse_List_EachCpuOnceAscending(string text, string canonical, int count)
    {
        var list = CpuList.Parse(text);
        Assert.Equal((canonical, count), (list.ToString(), list.Cpus.Count));
        Assert.Equal(list.Cpus.Order().Distinct(), list.Cpus);
    }

    [Theory]
    [InlineData("", "''")]
    [InlineData("a", "'a'")]
    [InlineData("0-", "''")]
    [InlineData("-1", "''")]
    [InlineData("3-1", "'3-1'")]
    [InlineData("0-1-2", "'0-1-2'")]
    [InlineData("0,,1", "''")]
    [InlineData("1024", "'1024'")]
    [InlineData("99999999999", "'99999999999'")]
    [InlineData("+1", "'+1'")]
    public void Parse_BadList_NamesThePartAndShowsTheForm(string text, string named)
    {
        string message = Assert.Throws<FormatException>(() => CpuList.Parse(text)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("0-3,6", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_CpuThatIsAbsent_NamesItAndThoseThere()
    {
        Assert.Equal("CPU 6 does not exist; this machine has 0-3",
            CpuList.Parse("2,6,7").Problem(CpuList.Parse("0-3")));
        Assert.Null(CpuList.Parse("2").Problem(CpuList.Parse("0-3")));
        Assert.Null(CpuList.Parse("900").Problem(null));
    }

    [Fact]
    public void Load_CpuThatIsAbsent_IsRefusedBeforeTheFileIsRead() => Assert.Contains("CPU 1023 does not exist",
        Assert.Throws<ArgumentException>(() => Model.Load("nowhere", new ModelOptions { Cpus = CpuList.Parse("1023") }))
            .Message, StringComparison.Ordinal);
}
