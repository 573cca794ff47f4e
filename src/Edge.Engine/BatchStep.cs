using Edge.Models;

namespace Edge.Engine;

/// <summary>What one step ran, and how many replies it moved on by a token.</summary>
internal readonly record struct StepRows(int DecodeRows, int PrefillRows, int NewTokens);

/// <summary>
/// One step of the loop, the only place that calls Forward to generate: a decode row of every decoding slot, then
/// prompt rows of the prefilling slots in equal shares, one Forward, one token for each whose logits came. While
/// anything decodes the prompt rows of a step are few, so that its stream keeps moving; shares that do not divide go
/// to another slot each step.
/// </summary>
internal sealed class BatchStep(Model model, int slotsMax, int prefillRowsWhileDecoding, TimeProvider clock)
{
    private readonly BatchRow[] _rows = new BatchRow[model.BatchRowsMax];
    private readonly Sequence[] _inBatch = new Sequence[slotsMax];
    private readonly Sequence[] _wanting = new Sequence[slotsMax];
    private readonly int[] _shares = new int[slotsMax];
    private int _turn;

    /// <summary>Errors: an IOException of Forward (weights could not be read) fails the replies of this batch; any
    /// other exception is a bug and passes through, so the process ends and its service manager starts it
    /// again.</summary>
    public StepRows Run(ReadOnlySpan<Sequence> slots)
    {
        int rows = 0, members = 0, wanting = 0;
        foreach (Sequence slot in slots)
        {
            if (!slot.IsDecoding) continue;
            slot.AddRows(_rows.AsSpan(rows++, 1));
            _inBatch[members++] = _wanting[wanting++] = slot;
        }
        int decodeRows = rows;
        // Where storage bounds a pass, more rows cost no time: a short chunk would only make more passes.
        bool isShort = decodeRows > 0 && !model.SharesSweep;
        Share(slots, Math.Min(isShort ? prefillRowsWhileDecoding : _rows.Length, _rows.Length - rows));
        for (int i = 0; i < slots.Length; i++)
        {
            if (_shares[i] == 0) continue;
            if (slots[i].AddRows(_rows.AsSpan(rows, _shares[i]))) _wanting[wanting++] = slots[i];
            rows += _shares[i];
            _inBatch[members++] = slots[i];
        }
        if (rows == 0) return default;

        ReadOnlySpan<float> logits;
        try
        {
            logits = model.Forward(_rows.AsSpan(0, rows));
        }
        catch (IOException e)
        {
            foreach (Sequence slot in _inBatch.AsSpan(0, members))
                slot.Fail($"the model's weights could not be read: {e.Message}; check the storage device");
            return default;
        }
        long now = clock.GetTimestamp();
        foreach (Sequence slot in _inBatch.AsSpan(0, members)) slot.NoteRun();
        int vocabulary = model.Config.VocabularySize;
        int newTokens = 0;
        for (int i = 0; i < wanting; i++)
            if (_wanting[i].Advance(logits.Slice(i * vocabulary, vocabulary), now)) newTokens++;
        return new StepRows(decodeRows, rows - decodeRows, newTokens);
    }

    // Equal shares first; what short prompts leave goes to the others.
    private void Share(ReadOnlySpan<Sequence> slots, int budget)
    {
        Array.Clear(_shares);
        int prefilling = 0;
        foreach (Sequence slot in slots)
            if (slot.IsPrefilling) prefilling++;
        if (prefilling == 0) return;
        _turn = (_turn + 1) % slots.Length;
        for (int equal = Math.Max(1, budget / prefilling), round = 0; round < 2; round++, equal = budget)
            for (int n = 0; n < slots.Length && budget > 0; n++)
            {
                int i = (_turn + n) % slots.Length;
                if (!slots[i].IsPrefilling) continue;
                int more = Math.Min(Math.Min(equal, budget), slots[i].Pending - _shares[i]);
                _shares[i] += more;
                budget -= more;
            }
    }
}
