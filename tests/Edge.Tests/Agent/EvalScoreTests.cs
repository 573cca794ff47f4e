using System.Text.Json;
using Edge.Agent;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class EvalScoreTests
{
    [Fact]
    public void Add_JsonRows_CountsWholeAndPerField()
    {
        var score = new EvalScore(schema: null);
        Assert.True(score.Add("""{"a":"x","b":1}""", """{"a":"x","b":1}"""));
        Assert.False(score.Add("""{"a":"x","b":1}""", """{"a":"x","b":2}"""));
        Assert.False(score.Add("""{"a":"x","b":1}""", "not json"));
        Assert.False(score.Add("""{"a":"x","b":1}""", """{"b":1}"""));
        Assert.Equal((4, 1), (score.Rows, score.Exact));
        Assert.Equal([("a", 0.5), ("b", 0.5)], score.Fields);
    }

    [Fact]
    public void Add_PlainText_ComparedAsAWholeWithoutFields()
    {
        var score = new EvalScore(schema: null);
        Assert.True(score.Add("Hello.", "Hello."));
        Assert.False(score.Add("Hello.", "hello."));
        Assert.Empty(score.Fields);
    }

    [Fact]
    public void Add_WithSchema_CountsValidReplies()
    {
        using var schema = JsonDocument.Parse("""{"type":"object"}""");
        var score = new EvalScore(schema.RootElement);
        score.Add("{}", "{}");
        score.Add("{}", "[]");
        score.Add("{}", "{");
        Assert.Equal(1, score.Valid);
    }

    [Theory]
    [InlineData("{\"prompt\":\"p\",\"expected\":\"{}\"}\n\n{\"prompt\":\"q\"}", "line 3")]
    [InlineData("[1]", "line 1")]
    [InlineData("{", "line 1")]
    [InlineData("", "no rows")]
    public void Read_BadRows_NameTheLine(string text, string named)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            Assert.Contains(
                named, Assert.Throws<UserErrorException>(() => EvalRows.Read(path, 0)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
