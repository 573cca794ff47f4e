using Edge.Engine.Speculation;
using Xunit;

namespace Edge.Tests.Engine.Speculation;

public class LookupIndexTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 8)]
    [InlineData(3, 2)]
    public void Find_RandomTextsThatGrowAndShrink_EqualsASearch(int seed, int vocabulary)
    {
        var random = new Random(seed);
        var index = new LookupIndex(200);
        var tokens = new int[200];
        int count = 0, found = 0;
        for (int i = 0; i < 600; i++)
        {
            if (count > 190 || random.Next(20) == 0) index.Truncate(count = random.Next(count + 1));
            for (int more = random.Next(1, 4); more > 0; more--) tokens[count++] = random.Next(vocabulary);
            index.Extend(tokens.AsSpan(0, count));
            (int at, int length) = index.Find(tokens.AsSpan(0, count));
            (int expectedAt, int expectedLength) = Search(tokens.AsSpan(0, count));
            Assert.Equal((expectedAt, expectedLength), (at, length));
            if (length > 2) found++;
        }
        Assert.True(found > 20);
    }

    // Of the latest 32 places where the last two tokens stand: the longest match up to 16, the latest among equals.
    private static (int At, int Length) Search(ReadOnlySpan<int> tokens)
    {
        (int At, int Length) best = default;
        int end = tokens.Length - 1, places = 0;
        for (int at = end - 1; at > 0 && end > 0 && places < 32; at--)
        {
            if (tokens[at] != tokens[end] || tokens[at - 1] != tokens[end - 1]) continue;
            places++;
            int length = 0;
            while (length < 16 && length <= at && tokens[at - length] == tokens[end - length]) length++;
            if (length > best.Length) best = (at + 1, length);
        }
        return best;
    }
}
