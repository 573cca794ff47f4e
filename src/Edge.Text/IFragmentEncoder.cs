namespace Edge.Text;

/// <summary>Turns text between special tokens into tokens: one implementation per family. Shared by threads.</summary>
internal interface IFragmentEncoder
{
    /// <summary>Appends the ids of <paramref name="text"/>, which is not empty. Time: O(n log n).</summary>
    void Encode(ReadOnlySpan<char> text, List<int> destination, EncodeScratch scratch);
}
