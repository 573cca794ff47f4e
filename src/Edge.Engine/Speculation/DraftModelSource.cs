using Edge.Models;

namespace Edge.Engine.Speculation;

/// <summary>
/// A small model writes the drafts, one token of every slot per pass of its own. It reads a prompt in chunks beside the
/// model that it drafts for. One thread at a time calls it: before a pass the engine's, during one the drafting thread.
/// </summary>
internal sealed class DraftModelSource : IDraftSource
{
    // A draft model that is further behind reads first, a chunk per step, and drafts later.
    private const int BehindMax = 8;

    private readonly Model _model;
    private readonly DraftPolicy _policy;
    private readonly TimeProvider _clock;
    private readonly Sampler _sampler;
    private readonly BatchRow[] _rows;
    private readonly Sequence[] _wanting;
    private readonly ulong[] _mask;
    private readonly int _vocabulary, _targetVocabulary, _share;

    public DraftModelSource(
        Model model, int targetVocabulary, int slotsMax, DraftPolicy policy, TimeProvider clock)
    {
        (_model, _policy, _clock, _targetVocabulary) = (model, policy, clock, targetVocabulary);
        _vocabulary = Math.Min(model.Config.VocabularySize, targetVocabulary);
        _sampler = new Sampler(_vocabulary);
        _rows = new BatchRow[model.BatchRowsMax];
        _wanting = new Sequence[slotsMax];
        _mask = new ulong[(targetVocabulary + 63) / 64];
        _share = model.BatchRowsMax / slotsMax;
    }

    /// <summary>Why it can draft no longer; null while it can.</summary>
    public string? Problem { get; private set; }

    public Drafts CreateDrafts(int max, int contextLength) => new(max, _targetVocabulary, 2 * max + 1, null,
        _model.CreateCache(Math.Min(contextLength, _model.Config.ContextLength)));

    public void Propose(ReadOnlySpan<Sequence> slots, int decoding, bool maySpeculate)
    {
        int length = maySpeculate ? _policy.Length(decoding, 0) : 0;
        // Where drafts do not pay the draft model does not read either.
        bool any = length > 0;
        foreach (Sequence slot in slots)
        {
            if (!slot.IsRunning) continue;
            Drafts drafts = slot.Drafts!;
            any |= slot.IsSampled && drafts.SampledLength > 0;
            int goal = slot.IsSampled ? drafts.SampledLength : length;
            drafts.Wanted = slot.IsDecoding
                ? Math.Max(0, Math.Min(Math.Min(goal, drafts.Max), slot.Left - 1) - drafts.Count) : 0;
        }
        if (any) Write(slots, ahead: false, null);
    }

    /// <summary>During a pass: tokens behind those that it verifies, until all are there or <paramref name="enough"/>
    /// says that the pass is over (a sampled reply is finished in any case).</summary>
    public void WriteAhead(ReadOnlySpan<Sequence> slots, int decoding, Func<bool> enough)
    {
        int length = decoding == 0 ? 0 : _policy.Length(decoding, 0, idle: true);
        bool sampled = false;
        foreach (Sequence slot in slots)
        {
            if (!slot.IsRunning) continue;
            Drafts drafts = slot.Drafts!;
            int goal = slot.IsSampled ? drafts.SampledLength : length;
            // One more than a pass can verify: the first is judged by the pass that runs now.
            goal = goal == 0 ? 0 : Math.Min(goal, drafts.Max) + 1;
            drafts.Wanted = slot.IsDecoding ? Math.Clamp(slot.Left - drafts.Count, 0, goal) : 0;
            sampled |= drafts.Wanted > 0 && slot.IsSampled;
        }
        Write(slots, ahead: true, sampled ? null : enough);
    }

    private void Write(ReadOnlySpan<Sequence> slots, bool ahead, Func<bool>? enough)
    {
        if (Problem is not null) return;
        foreach (Sequence slot in slots)
            if (slot.IsRunning && slot.Drafts!.Pending == 0) slot.SyncForm();
        for (bool first = true; ; first = false)
        {
            if (enough is not null && enough()) return;
            long begun = _clock.GetTimestamp();
            int wanting = 0, rows = AddRows(slots, first || ahead, ref wanting);
            if (rows == 0) return;
            try
            {
                ReadOnlySpan<float> logits = _model.Forward(_rows.AsSpan(0, rows));
                for (int i = 0; i < wanting; i++)
                    Take(_wanting[i], logits.Slice(i * _model.Config.VocabularySize, _vocabulary), ahead);
            }
            catch (IOException e)
            {
                Problem = $"the draft model's weights could not be read: {e.Message}; check the storage device";
                return;
            }
            if (wanting == rows) _policy.NoteDraft(_clock.GetElapsedTime(begun).TotalSeconds);
        }
    }

    // Every slot's tokens that the draft model has not run; logits where that was all and a draft is wanted.
    private int AddRows(ReadOnlySpan<Sequence> slots, bool mayRead, ref int wanting)
    {
        int rows = 0;
        foreach (Sequence slot in slots)
        {
            if (!slot.IsRunning || slot.Left <= 1) continue;
            Drafts drafts = slot.Drafts!;
            int from = drafts.Cache!.Length, end = slot.Count + drafts.Pending;
            if (end >= drafts.Cache.Capacity) drafts.Wanted = 0;
            int behind = Math.Min(end, drafts.Cache.Capacity) - from;
            if (behind > BehindMax && !mayRead) drafts.Wanted = 0;
            bool wants = drafts.Wanted > 0;
            // The last known token waits: the next draft needs its logits.
            if (!wants && (behind <= BehindMax || !mayRead)) continue;
            int take = Math.Min(wants ? behind : behind - 1, _share);
            bool all = wants && take == behind;
            ReadOnlySpan<int> tokens = slot.Tokens.AsSpan(from, take);
            // Padding of a larger vocabulary has no meaning here: from there on the slot has no drafts.
            if (tokens.ContainsAnyExceptInRange(0, _model.Config.VocabularySize - 1))
            {
                drafts.Wanted = 0;
                continue;
            }
            for (int i = 0; i < take; i++)
                _rows[rows++] = new BatchRow(tokens[i], drafts.Cache, all && i == take - 1);
            if (all) _wanting[wanting++] = slot;
        }
        return rows;
    }

    private void Take(Sequence slot, ReadOnlySpan<float> logits, bool ahead)
    {
        Drafts drafts = slot.Drafts!;
        int end = slot.Count + drafts.Pending;
        ReadOnlySpan<ulong> mask = default;
        if (drafts.Form is { } form)
        {
            if (!form.FillMask(_mask, slot.Left - drafts.Pending))
            {
                drafts.Wanted = 0;
                return;
            }
            mask = _mask;
        }
        ReadOnlySpan<int> history = slot.Tokens.AsSpan(0, end);
        bool sampled = slot.IsSampled;
        bool drawn = sampled
            ? _sampler.TrySample(logits, mask, history, slot.Sampling, ref drafts.Random,
                drafts.Odds(drafts.Pending), out int token, out string? error)
            : _sampler.TrySample(logits, mask, history, slot.Sampling, ref drafts.Random, out token, out error);
        if (!drawn || (drafts.Form is { } f && !f.Accept(token)))
        {
            if (!drawn && mask.IsEmpty) Problem = $"the draft model: {error}";
            drafts.Wanted = 0;
            return;
        }
        slot.Tokens[end] = token;
        drafts.Wanted--;
        if (ahead) drafts.Ahead++;
        else drafts.Count++;
        if (slot.Ends(token)) drafts.Wanted = 0;
    }
}
