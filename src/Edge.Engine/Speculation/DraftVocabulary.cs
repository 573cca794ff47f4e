using Edge.Text;

namespace Edge.Engine.Speculation;

/// <summary>Whether a draft model's tokens mean what the other model's mean.</summary>
internal static class DraftVocabulary
{
    // Sizes of one family differ by what pads them to a round number.
    private const int PaddingMax = 256;

    /// <summary>The first token that stands for other bytes in the other vocabulary; null when there is none among
    /// those that both have.</summary>
    public static int? FindOtherToken(Tokenizer a, Tokenizer b)
    {
        int common = Math.Min(a.VocabularySize, b.VocabularySize);
        for (int id = 0; id < common; id++)
            if (!a.TokenBytes(id).SequenceEqual(b.TokenBytes(id))) return id;
        return null;
    }

    /// <summary>Names the first difference; null when there is none that matters.</summary>
    public static string? FindMismatch(Tokenizer target, Tokenizer draft)
    {
        const string remedy = "; a draft model needs the tokenizer of the model that it drafts for";
        int common = Math.Min(target.VocabularySize, draft.VocabularySize);
        if (Math.Max(target.VocabularySize, draft.VocabularySize) - common > PaddingMax)
            return $"the draft model has {draft.VocabularySize} tokens, the model {target.VocabularySize}" + remedy;
        int other = FindOtherToken(target, draft) ?? common;
        for (int id = 0; id < common; id++)
            if (id == other || target.IsControl(id) != draft.IsControl(id) ||
                target.IsEndOfGeneration(id) != draft.IsEndOfGeneration(id))
                return $"token {id} is '{draft.TokenText(id)}' to the draft model, '{target.TokenText(id)}' to the " +
                    "model" + remedy;
        return null;
    }
}
