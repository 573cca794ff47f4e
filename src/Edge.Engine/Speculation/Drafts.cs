using Edge.Models;
using Edge.Text;

namespace Edge.Engine.Speculation;

/// <summary>
/// The drafts of one slot: they stand behind its known tokens. The first Count of them run in the coming pass; the
/// Ahead after them were written while a pass ran, and the first of those is judged by that pass's last logits.
/// </summary>
internal sealed class Drafts(int max, int vocabularySize, int oddsRows, LookupIndex? index, KvCache? cache)
    : IDisposable
{
    private readonly float[] _odds =
        oddsRows == 0 ? [] : GC.AllocateUninitializedArray<float>(checked(oddsRows * vocabularySize));
    private int _first; // row of odds of the first draft; a ring
    private Grammar? _grammar;
    private SamplerRandom _random;

    /// <summary>Most that one pass runs.</summary>
    public int Max { get; } = max;
    public LookupIndex? Index { get; } = index;
    /// <summary>The draft model's.</summary>
    public KvCache? Cache { get; } = cache;
    /// <summary>Where the drafts leave the reply's form; null: free text.</summary>
    public TokenConstraint? Form { get; private set; }
    public ref SamplerRandom Random => ref _random;
    public int Count { get; set; }
    public int Ahead { get; set; }
    public int Pending => Count + Ahead;
    /// <summary>What the source may still write.</summary>
    public int Wanted { get; set; }
    /// <summary>How sure the source was of the drafts that stand; indexes the policy's acceptance.</summary>
    public int Confidence { get; set; }
    /// <summary>Of a sampled reply: its drafts per step follow its own acceptance alone, so that its seed gives it
    /// again.</summary>
    public int SampledLength { get; private set; }
    /// <summary>Verified and accepted drafts of this reply.</summary>
    public int Drafted { get; private set; }
    public int Accepted { get; private set; }

    /// <summary>A reply begins whose first <paramref name="shared"/> tokens are the last one's.</summary>
    public void Start(GenerationRequest request, SequenceParts parts, int shared, int sampledLength)
    {
        Clear();
        Drafted = Accepted = 0;
        SampledLength = sampledLength;
        Index?.Truncate(shared);
        if (Cache is not null) Cache.Truncate(Cache.Reusable(Math.Min(Cache.Length, shared)));
        // Another stream than the reply's own: what is drafted may not tell what is judged.
        _random = new SamplerRandom(request.Sampling.Seed ^ 0xD1B54A32D192ED03);
        if (request.Grammar is null) Form = null;
        else if (Form is null || request.Grammar != _grammar)
            Form = new TokenConstraint(request.Grammar, parts.Trie.Value, parts.Tokenizer);
        _grammar = request.Grammar;
    }

    public Span<float> Odds(int draft) =>
        _odds.AsSpan((_first + draft) % (_odds.Length / vocabularySize) * vocabularySize, vocabularySize);

    /// <summary>A pass judged the drafts: so many were taken, and the rest stand only if none was refused.</summary>
    public void Settle(int drafted, int judged, int accepted)
    {
        Drafted += drafted;
        Accepted += accepted;
        if (judged > 0 && SampledLength > 0)
            SampledLength = Math.Min(accepted == judged ? SampledLength + 1 : accepted + 1, Max);
        if (accepted < judged) Clear();
        else
        {
            if (_odds.Length > 0) _first = (_first + accepted) % (_odds.Length / vocabularySize);
            (Count, Ahead) = (Pending - accepted, 0);
        }
    }

    /// <summary>The text became another one than was drafted: the draft model forgets from <paramref name="length"/>
    /// on.</summary>
    public void Forget(int length)
    {
        Clear();
        if (Cache is not null) Cache.Truncate(Cache.Reusable(Math.Min(Cache.Length, length)));
    }

    public void Dispose() => Cache?.Dispose();

    private void Clear() => (_first, Count, Ahead, Wanted) = (0, 0, 0, 0);
}
