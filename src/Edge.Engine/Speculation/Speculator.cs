using Edge.Models;
using Edge.Text;

namespace Edge.Engine.Speculation;

/// <summary>
/// Speculation of one engine: drafts stand behind each reply's known tokens, run in the same pass as its next token,
/// and are judged by it one after another. A model whose weights are in memory is given drafts before a pass; one that
/// reads storage leaves the CPU idle, so the draft model goes on during the pass (pre-verify where the pass has no
/// drafts, post-verify where it has). Source: PEARL, 2408.11850.
/// </summary>
internal sealed class Speculator : IDisposable
{
    private readonly IDraftSource _source;
    private readonly DraftModelSource? _model;
    private readonly DraftPolicy _policy;
    private readonly DraftThread? _thread;
    private readonly int _max;
    private bool _mayDraft;
    private long _drafted, _accepted, _rows;

    /// <summary>Null without options, or where steps have no room. Errors: ArgumentException for a draft model that
    /// cannot serve.</summary>
    public static Speculator? Create(SequenceParts parts, SpeculationOptions? options, int slotsMax, int promptRows)
    {
        if (options is null) return null;
        if (options.DraftMax is < 1 or > SpeculationOptions.DraftMaxLimit)
            throw new ArgumentException(
                $"DraftMax {options.DraftMax} is not within 1 and {SpeculationOptions.DraftMaxLimit}");
        if (options.DraftModel is { } draft)
        {
            ArgumentNullException.ThrowIfNull(options.DraftTokenizer);
            if (DraftVocabulary.FindMismatch(parts.Tokenizer, options.DraftTokenizer) is string mismatch)
                throw new ArgumentException(mismatch);
            if (draft.BatchRowsMax < slotsMax)
                throw new ArgumentException(
                    $"the draft model's {draft.BatchRowsMax} batch rows are fewer than the {slotsMax} slots");
        }
        // Every slot has the same room, whatever the others do, beside the rows of a prompt.
        int rows = parts.Model.BatchRowsMax;
        int room = (rows - Math.Min(promptRows, rows / 2)) / slotsMax - 1;
        return room < 1 ? null : new Speculator(parts, options, slotsMax, Math.Min(options.DraftMax, room));
    }

    private Speculator(SequenceParts parts, SpeculationOptions options, int slotsMax, int max)
    {
        _max = max;
        Model target = parts.Model;
        _policy = new DraftPolicy(max, slotsMax, options.Adaptive, () => target.Sweep);
        if (options.DraftModel is { } draft)
            _model = new DraftModelSource(draft, target.Config.VocabularySize, slotsMax, _policy, parts.Clock);
        _source = (IDraftSource?)_model ?? new LookupSource(_policy);
        // Only a sweep that every row shares leaves the CPU idle; experts are waited for one by one.
        if (_model is not null && target.Sweep is { BytesPerExtraRow: 0 })
            _thread = new DraftThread(_model, slotsMax);
    }

    public bool UsesModel => _model is not null;
    public int SampledLength => IsAllowed ? _policy.SampledLength : 0;

    /// <summary>Whether new drafts may be written; the engine's thread only. A sampled reply that has begun with drafts
    /// ends with them: its seed must give it again.</summary>
    public bool IsAllowed { get; set; } = true;

    /// <summary>From any thread an estimate.</summary>
    public SpeculationStatistics Statistics => new(
        Interlocked.Read(ref _drafted), Interlocked.Read(ref _accepted),
        _rows == 0 ? 1 : (double)(_rows + _accepted) / _rows, _model?.Problem);

    public Drafts CreateDrafts(int contextLength) => _source.CreateDrafts(_max, contextLength);

    /// <summary>Before the rows of a step are gathered.</summary>
    public void Propose(ReadOnlySpan<Sequence> slots)
    {
        int decoding = 0;
        foreach (Sequence slot in slots)
            if (slot.IsDecoding) decoding++;
        _mayDraft = IsAllowed && _policy.BeginStep(decoding);
        _source.Propose(slots, decoding, _mayDraft);
    }

    public void BeginPass(ReadOnlySpan<Sequence> slots, int decoding) =>
        _thread?.Begin(slots, _mayDraft ? decoding : 0);

    public void EndPass() => _thread?.End();

    /// <summary>A slot's drafts were judged: one after another, until one was refused or the reply ended.</summary>
    public void NoteVerdict(int confidence, int drafted, int judged, int accepted)
    {
        Interlocked.Add(ref _drafted, drafted);
        Interlocked.Add(ref _accepted, accepted);
        _policy.NoteVerdict(confidence, judged, accepted);
    }

    /// <summary>A step ran. Units: seconds, of all of it and of what Propose took.</summary>
    public void NoteStep(StepRows rows, double seconds, double proposing)
    {
        Interlocked.Add(ref _rows, rows.DecodeRows);
        if (rows.PrefillRows == 0 && rows.DecodeRows > 0)
            _policy.NoteStep(
                rows.DecodeRows, rows.DraftRows, rows.DecodeRows + rows.Accepted, seconds, proposing);
    }

    public void Dispose() => _thread?.Dispose();
}
