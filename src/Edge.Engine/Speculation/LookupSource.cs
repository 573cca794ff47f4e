namespace Edge.Engine.Speculation;

/// <summary>Copies what followed the last time that the text had these tokens: costs next to nothing, and finds
/// quotations, tables, code and everything else that repeats.</summary>
internal sealed class LookupSource(DraftPolicy policy) : IDraftSource
{
    public Drafts CreateDrafts(int max, int contextLength) => new(max, 0, 0, new LookupIndex(contextLength), null);

    public void Propose(ReadOnlySpan<Sequence> slots, int decoding, bool maySpeculate)
    {
        foreach (Sequence slot in slots)
        {
            if (!slot.IsDecoding) continue;
            Drafts drafts = slot.Drafts!;
            ReadOnlySpan<int> known = slot.Tokens.AsSpan(0, slot.Count);
            drafts.Index!.Extend(known);
            if (!maySpeculate) continue;
            (int at, int matched) = drafts.Index.Find(known);
            if (matched == 0) continue;
            drafts.Confidence = matched switch { < 3 => 0, < 5 => 1, < 9 => 2, _ => 3 };
            int length = Math.Min(Math.Min(policy.Length(decoding, drafts.Confidence), drafts.Max), slot.Left - 1);
            slot.SyncForm();
            for (int i = 0; i < length; i++)
            {
                // The copy may run into what it writes: a text that repeats itself goes on so.
                int token = slot.Tokens[at + i];
                if (drafts.Form is { } form && !form.Accept(token)) break;
                slot.Tokens[slot.Count + i] = token;
                drafts.Count++;
                if (slot.Ends(token)) break;
            }
        }
    }
}
