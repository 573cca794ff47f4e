namespace Edge.Text;

/// <summary>Cuts a word into tokens.</summary>
internal interface IWordEncoder
{
    /// <summary>Appends the ids of <paramref name="word"/>, which is not empty. Time: O(n log n).</summary>
    void Encode(ReadOnlySpan<byte> word, List<int> destination, BytePairScratch scratch);
}
