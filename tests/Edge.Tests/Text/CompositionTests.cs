using System.Text.Json;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>Canonical composition against Python's unicodedata (scripts/golden/compositions.py).</summary>
public sealed class CompositionTests
{
    [Fact]
    public void Of_RandomTexts_IsWhatPythonComposes()
    {
        int changed = 0, rows = 0;
        foreach (JsonElement row in Golden.Json("nfc.json").EnumerateArray())
        {
            string text = row[0].GetString()!, expected = row[1].GetString()!;
            string composed = Composition.Of(text).ToString();
            Assert.True(string.Equals(expected, composed, StringComparison.Ordinal),
                $"{JsonSerializer.Serialize(text)}: {JsonSerializer.Serialize(composed)}, " +
                $"not {JsonSerializer.Serialize(expected)}");
            Assert.Equal(composed, Composition.Of(composed).ToString());
            if (text != expected) changed++;
            rows++;
        }
        Assert.InRange(changed, 200, rows - 20);
    }

    [Theory]
    [InlineData("plain ASCII, and \u00E9\u00DF")]
    [InlineData("Привет 温度 한국어")]
    public void Of_ComposedText_IsTheSameMemory(string text) => Assert.True(Composition.Of(text) == text.AsSpan());

    [Fact]
    public void Of_LoneSurrogate_BecomesTheReplacement() =>
        Assert.Equal("e\u0301 \uFFFD".Replace("e\u0301", "\u00E9"), Composition.Of("e\u0301 \uD800").ToString());

    [Fact]
    public void Of_ManyMarks_TakesNoQuadraticTime()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 100_000));
        Assert.Equal(200_000, Composition.Of("q" + marks).Length - 1);
    }
}
