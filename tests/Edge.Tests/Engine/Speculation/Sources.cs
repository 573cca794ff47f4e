using Edge.Engine;
using Edge.Engine.Speculation;

namespace Edge.Tests.Engine.Speculation;

/// <summary>The sources of drafts, and the text that they draft.</summary>
internal static class Sources
{
    public const string Lookup = "lookup", Same = "same model", Other = "a model that is often wrong";

    public static SpeculationOptions Of(string source, int max = 5, bool adaptive = false)
    {
        var options = new SpeculationOptions { DraftMax = max, Adaptive = adaptive };
        if (source == Lookup) return options;
        var draft = new FakeModel(TinyVocabulary.Size, contextLength: 4096) { Next = Script };
        if (source == Other) draft.Next = cache => cache.Length % 3 == 0 ? 'z' : Script(cache);
        return options with { DraftModel = draft, DraftTokenizer = TinyVocabulary.Tokenizer };
    }

    /// <summary>Text that repeats itself for a while and then goes on otherwise.</summary>
    public static int Script(FakeCache cache)
    {
        int n = cache.Length;
        return n % 37 == 36 ? -1 : "abcabd, "[n % 8];
    }
}
