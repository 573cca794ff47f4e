using Edge.Engine.Speculation;
using Edge.Models;

namespace Edge.Engine;

/// <summary>What one step ran: a row of every reply that grows, their drafts, rows of prompts; and the tokens that
/// replies got, those among them that had been drafted.</summary>
internal readonly record struct StepRows(int DecodeRows, int DraftRows, int PrefillRows, int NewTokens, int Accepted);

/// <summary>
/// One step of the loop, the only place that calls Forward to generate: a decode row of every decoding slot and the
/// drafts behind it, then prompt rows of the prefilling slots in equal shares, one Forward, one token for each whose
/// logits came and one for each draft that proves right. While anything decodes the prompt rows of a step are few, so
/// that its stream keeps moving; shares that do not divide go to another slot each step.
/// </summary>
internal sealed class BatchStep(SequenceParts parts, int slotsMax, int promptRowsMax, Speculator? speculator)
{
    private readonly BatchRow[] _rows = new BatchRow[parts.Model.BatchRowsMax];
    private readonly Sequence[] _inBatch = new Sequence[slotsMax];
    private readonly Sequence[] _wanting = new Sequence[slotsMax];
    private readonly int[] _wantedRows = new int[slotsMax];
    private readonly int[] _shares = new int[slotsMax];
    private int _turn;

    /// <summary>Errors: an IOException of Forward (weights could not be read) fails the replies of this batch; any
    /// other exception is a bug and passes through, so the process ends and its service manager starts it
    /// again.</summary>
    public StepRows Run(ReadOnlySpan<Sequence> slots)
    {
        long begun = parts.Clock.GetTimestamp();
        speculator?.Propose(slots);
        double proposing = speculator is null ? 0 : parts.Clock.GetElapsedTime(begun).TotalSeconds;
        int rows = 0, members = 0, wanting = 0;
        foreach (Sequence slot in slots)
        {
            if (!slot.IsDecoding) continue;
            int own = slot.DecodeRows;
            slot.AddRows(_rows.AsSpan(rows, own));
            rows += own;
            _wantedRows[wanting] = own;
            _inBatch[members++] = _wanting[wanting++] = slot;
        }
        int decoding = members, decodeRows = rows;
        // Where storage bounds a pass, more rows cost no time: a short chunk would only make more passes.
        bool isShort = decodeRows > 0 && !parts.Model.SharesSweep;
        Share(slots, Math.Min(isShort ? promptRowsMax : _rows.Length, _rows.Length - rows));
        for (int i = 0; i < slots.Length; i++)
        {
            if (_shares[i] == 0) continue;
            _wantedRows[wanting] = 1;
            if (slots[i].AddRows(_rows.AsSpan(rows, _shares[i]))) _wanting[wanting++] = slots[i];
            rows += _shares[i];
            _inBatch[members++] = slots[i];
        }
        if (rows == 0) return default;

        if (!TryForward(slots, _rows.AsSpan(0, rows), decoding, out ReadOnlySpan<float> logits, out string error))
        {
            foreach (Sequence slot in _inBatch.AsSpan(0, members)) slot.Fail(error);
            return default;
        }
        long now = parts.Clock.GetTimestamp();
        foreach (Sequence slot in _inBatch.AsSpan(0, members)) slot.NoteRun();
        (int newTokens, int accepted) = Advance(wanting, logits, now);
        var ran = new StepRows(decoding, decodeRows - decoding, rows - decodeRows, newTokens, accepted);
        speculator?.NoteStep(ran, parts.Clock.GetElapsedTime(begun).TotalSeconds, proposing);
        return ran;
    }

    private bool TryForward(ReadOnlySpan<Sequence> slots, ReadOnlySpan<BatchRow> rows, int decoding,
        out ReadOnlySpan<float> logits, out string error)
    {
        logits = default;
        error = "";
        speculator?.BeginPass(slots, decoding);
        try
        {
            logits = parts.Model.Forward(rows);
            return true;
        }
        catch (IOException e)
        {
            error = $"the model's weights could not be read: {e.Message}; check the storage device";
            return false;
        }
        finally
        {
            speculator?.EndPass();
        }
    }

    private (int NewTokens, int Accepted) Advance(int wanting, ReadOnlySpan<float> logits, long now)
    {
        int vocabulary = parts.Model.Config.VocabularySize, newTokens = 0, accepted = 0;
        for (int i = 0; i < wanting; i++)
        {
            int floats = _wantedRows[i] * vocabulary;
            (int tokens, int drafted) = _wanting[i].Advance(logits[..floats], now);
            newTokens += tokens;
            accepted += drafted;
            logits = logits[floats..];
        }
        return (newTokens, accepted);
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
