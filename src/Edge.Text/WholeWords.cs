namespace Edge.Text;

/// <summary>Appends the ids into which a word, never empty, is cut.</summary>
internal delegate void WordCutter(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch);

/// <summary>Spares the work for words that are known: those cut lately, and those that are a token which cutting gives
/// back whole. Shared by threads.</summary>
internal sealed class WholeWords(int vocabularyCount, WordCutter cut)
{
    // What cutting a token yields; decided when it is first met.
    private const byte Undecided = 0, YieldsItself = 1, YieldsOthers = 2;
    private readonly byte[] _yields = new byte[vocabularyCount];

    /// <summary><paramref name="whole"/>: the token that spells the word, −1 for none.</summary>
    public void Encode(ReadOnlySpan<byte> word, int whole, List<int> destination, BytePairScratch scratch)
    {
        if (whole >= 0 && _yields[whole] == YieldsItself)
        {
            destination.Add(whole);
            return;
        }
        if (scratch.Words.TryAppend(word, destination)) return;
        int count = destination.Count;
        cut(word, destination, scratch);
        scratch.Words.Put(word, destination, count);
        if (whole < 0 || _yields[whole] != Undecided) return;
        bool itself = destination.Count == count + 1 && destination[count] == whole;
        _yields[whole] = itself ? YieldsItself : YieldsOthers;
    }
}
