using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

public class StopMatcherTests
{
    private static (string Shown, bool Stopped) Feed(string[] stops, IEnumerable<string> pieces, bool flush = true)
    {
        var matcher = new StopMatcher(1);
        matcher.Reset(stops);
        string shown = "";
        foreach (string piece in pieces)
        {
            piece.CopyTo(matcher.Room(piece.Length));
            shown += matcher.Take(piece.Length).ToString();
            if (matcher.Stopped) break;
        }
        if (flush) shown += matcher.Flush().ToString();
        Assert.Equal(shown, matcher.Text);
        return (shown, matcher.Stopped);
    }

    [Fact]
    public void Take_StopAcrossTokens_ShowsNoPartOfIt() =>
        Assert.Equal(("Hello ", true), Feed(["END."], ["Hello E", "N", "D", ". more"]));

    [Fact]
    public void Take_MayBecomeAStop_HoldsItBack() =>
        Assert.Equal(("ab", false), Feed(["xyz"], ["abx", "y"], flush: false));

    [Fact]
    public void Take_DidNotBecomeAStop_ShowsItAfterAll() =>
        Assert.Equal(("xyxya", false), Feed(["xyz"], ["xy", "xya"]));

    [Fact]
    public void Take_TwoStops_FirstToEndWins() => Assert.Equal(("a", true), Feed(["abcd", "b"], ["abcd"]));

    [Fact]
    public void Take_RandomTextInRandomPieces_EqualsOneCharacterAtATime()
    {
        var random = new Random(11);
        for (int trial = 0; trial < 3000; trial++)
        {
            string Word(int max) =>
                new([.. Enumerable.Range(0, random.Next(1, max)).Select(_ => (char)('a' + random.Next(2)))]);
            string text = Word(30);
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Word(6))];
            List<string> pieces = [];
            for (int at = 0, n; at < text.Length; at += n)
                pieces.Add(text.Substring(at, n = Math.Min(random.Next(1, 6), text.Length - at)));

            // The definition: the shortest beginning that ends with a stop string, less the longest such string.
            bool Ends(int n, string s) => text[..n].EndsWith(s, StringComparison.Ordinal);
            int end = Enumerable.Range(1, text.Length).FirstOrDefault(n => stops.Any(s => Ends(n, s)));
            string expected = end == 0 ? text
                : text[..(end - stops.Where(s => Ends(end, s)).Max(s => s.Length))];
            Assert.Equal((expected, end != 0), Feed(stops, pieces));
        }
    }
}
