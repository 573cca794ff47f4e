namespace Edge.Text;

/// <summary>Byte-level BPE: the stages of the pre-tokenizer cut words, whose bytes merge.</summary>
internal sealed class SplitWords(PreTokenizer preTokenizer, BytePairs pairs, bool composes) : IFragmentEncoder
{
    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> destination, EncodeScratch scratch) =>
        Cut(composes ? Composition.Of(text) : text, 0, destination, scratch);

    private void Cut(ReadOnlySpan<char> piece, int stage, List<int> destination, EncodeScratch scratch)
    {
        if (piece.IsEmpty) return;
        if (stage == preTokenizer.Stages.Count)
        {
            pairs.Encode(scratch.Utf8(piece), destination, scratch.Pairs);
            return;
        }
        for (int at = 0; at < piece.Length;)
        {
            (int start, int end) = preTokenizer.Stages[stage].Find(piece, at);
            Cut(piece[at..start], stage + 1, destination, scratch);
            Cut(piece[start..end], stage + 1, destination, scratch);
            at = end;
        }
    }
}
