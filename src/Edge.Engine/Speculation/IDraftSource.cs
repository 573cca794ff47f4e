namespace Edge.Engine.Speculation;

/// <summary>Writes drafts behind the known tokens of slots.</summary>
internal interface IDraftSource
{
    /// <summary>The drafts of a slot, all their memory.</summary>
    Drafts CreateDrafts(int max, int contextLength);

    /// <summary>Before the pass: drafts that it will verify, added to Count. <paramref name="maySpeculate"/> false:
    /// only what keeps the source up with the text.</summary>
    void Propose(ReadOnlySpan<Sequence> slots, int decoding, bool maySpeculate);
}
