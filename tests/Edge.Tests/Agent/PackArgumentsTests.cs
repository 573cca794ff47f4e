using System.CommandLine;
using Edge.Agent;
using Edge.Agent.Commands;
using Edge.Models.Pack;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>What `edge pack` makes of --outliers.</summary>
public sealed class PackArgumentsTests
{
    [Theory]
    [InlineData("0.45%", 0.0045)]
    [InlineData("0.0045", 0.0045)]
    [InlineData("5%", 0.05)]
    [InlineData(".01", 0.01)]
    public void Outliers_PercentOrFraction_IsAShare(string text, double share) =>
        Assert.Equal(share, Options("digits3", text).Outliers, 1e-12);

    [Theory]
    [InlineData("0")]
    [InlineData("0%")]
    [InlineData("-0.1%")]
    [InlineData("0.45")]
    [InlineData("5.1%")]
    [InlineData("50%")]
    [InlineData("%")]
    [InlineData("many")]
    [InlineData("NaN")]
    [InlineData("1e-3")]
    [InlineData("0,45%")]
    public void Outliers_Nonsense_IsRefusedWithWhatItTakes(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => Options("digits3", text));
        Assert.Contains("above 0 and up to 5 %", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("ternary")]
    [InlineData("digits2+2")]
    public void Outliers_OfATypeThatHasNone_AreRefusedByName(string type)
    {
        var error = Assert.Throws<UserErrorException>(() => Options(type, "0.45%"));
        Assert.StartsWith("--outliers: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(type == "ternary" ? "ternary weights" : type, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Outliers_NotAsked_AreNone() => Assert.Equal(0, Options("ternary", null).Outliers);

    [Fact]
    public void I2SBlock_64OrNothing_IsTaken()
    {
        var command = new Command("pack");
        var arguments = new PackArguments(command);
        string[] given = ["-m", "a.gguf", "-o", "b.gguf"];
        Assert.False(arguments.Options(command.Parse(given)).HasBlocksOf64);
        string text = typeof(PackArgumentsTests).Assembly.Location;
        ParseResult said = command.Parse([.. given, "--i2s-block", "64", "--calibrate", text]);
        Assert.True(arguments.Options(said).HasBlocksOf64);
        Assert.Single(command.Parse([.. given, "--i2s-block", "128"]).Errors);
        var error = Assert.Throws<UserErrorException>(() => arguments.Calibrate(said, default));
        Assert.Contains("--i2s-block 64", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--memory 900M", "--memory needs --calibrate")]
    [InlineData("--calibrate-tokens 100", "--calibrate-tokens needs --calibrate")]
    [InlineData("--type keep --calibrate a.txt", "--type keep rounds nothing")]
    public void Options_ThatWouldDoNothing_AreRefused(string more, string words)
    {
        var command = new Command("pack");
        var arguments = new PackArguments(command);
        ParseResult parsed = command.Parse(["-m", "a.gguf", "-o", "b.gguf", .. more.Split(' ')]);
        var error = Assert.Throws<UserErrorException>(() => arguments.Options(parsed));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.Code);
    }

    [Fact]
    public void Experts_WithoutMemory_AreRefused()
    {
        var command = new Command("ask");
        var arguments = new ModelArguments(command);
        var error = Assert.Throws<UserErrorException>(
            () => arguments.Options(command.Parse(["-m", "a.gguf", "--experts", "fast"])));
        Assert.Contains("--experts needs --memory", error.Message, StringComparison.Ordinal);
        Assert.Null(arguments.Options(command.Parse(["-m", "a.gguf"])).Memory);
    }

    private static PackOptions Options(string type, string? outliers)
    {
        var command = new Command("pack");
        var arguments = new PackArguments(command);
        string[] given = ["-m", "a.gguf", "-o", "b.gguf", "--type", type];
        return arguments.Options(command.Parse(outliers is null ? given : [.. given, $"--outliers={outliers}"]));
    }
}
