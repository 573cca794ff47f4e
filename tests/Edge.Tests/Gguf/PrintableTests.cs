using Edge.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Gguf;

/// <summary>What a hostile file says never reaches a terminal or a log as it is.</summary>
public sealed class PrintableTests
{
    private const string Hostile = "a\u001b[31m\u202eb\nc\u2066\u0007";

    [Fact]
    public void Message_QuotesAHostileFile_IsOnePlainLine()
    {
        Assert.Equal("GGUF at byte 7: a?[31m?b?c??", new GgufException(Hostile, 7).Message);
        Assert.Equal("config.json, a?[31m?b?c??: a?[31m?b?c??",
            new ModelFolderException("config.json", Hostile, Hostile).Message);
        Assert.Equal("a?[31m?b?c??", new TemplateException(Hostile).Message);
    }

    [Fact]
    public void Line_PlainText_IsTheSameString()
    {
        const string Text = "tensor 'größe' is 2 × 3 🔥";
        Assert.Same(Text, Printable.Line(Text));
    }

    [Fact]
    public void Line_LongText_IsCut() => Assert.Equal(1001, Printable.Line(new string('x', 1_000_000)).Length);

    [Theory]
    [InlineData("it's", "'it?s'")]
    [InlineData("\u001b", "'?'")]
    [InlineData("plain", "'plain'")]
    public void Quote_Text_IsInQuotesOfItsOwn(string text, string quoted) =>
        Assert.Equal(quoted, Printable.Quote(text));
}
