using Edge.Models;

namespace Edge.Engine.Speculation;

/// <summary>
/// How many drafts a step should verify: the number with the most tokens per second, from the measured acceptance, the
/// time of a step without drafts, of a row more and of drafting one. Where steps with drafts turn out slower per token
/// than those without, there are none for a while. Counts of steps, not time, say when to measure again.
/// </summary>
internal sealed class DraftPolicy(int max, int slotsMax, bool adaptive, Func<SweepCost?> sweep)
{
    /// <summary>How sure a source can be of its drafts.</summary>
    public const int Confidences = 4;

    private const int PlainLeast = 4, DraftedLeast = 8;
    private const int PlainEvery = 128, PauseMin = 32, PauseMax = 1024;
    private const int SampledAtStart = 4;
    // Before anything was judged: two of three.
    private const double AcceptedBefore = 2, JudgedBefore = 3, AcceptanceKeep = 0.985;

    private readonly StepMean[] _plain = new StepMean[slotsMax + 1], _drafted = new StepMean[slotsMax + 1];
    private readonly double[] _accepted = [.. Enumerable.Repeat(AcceptedBefore, Confidences)];
    private readonly double[] _judged = [.. Enumerable.Repeat(JudgedBefore, Confidences)];
    private readonly int[] _denied = new int[Confidences];
    private readonly int[] _tryAfter = [.. Enumerable.Repeat(PauseMin, Confidences)];
    private double _draftSeconds;
    private int _pause, _pauseNext = PauseMin, _sincePlain, _sincePause;

    /// <summary>Before a step in which so many replies decode: whether it may have drafts.</summary>
    public bool BeginStep(int slots)
    {
        if (!adaptive) return true;
        if (_plain[slots].Count < PlainLeast || _sincePlain >= PlainEvery) return false;
        if (_pause == 0) return true;
        _pause--;
        return false;
    }

    /// <summary>Drafts of a step of a sampled reply that begins now; 0: it will have none.</summary>
    public int SampledLength
    {
        get
        {
            if (!adaptive) return max;
            if (_pause > 0) return 0;
            foreach (StepMean plain in _plain)
                if (plain.Count >= PlainLeast) return Math.Min(max, SampledAtStart);
            return 0; // first it is measured what a step without drafts takes
        }
    }

    public double Acceptance(int confidence) => _accepted[confidence] / _judged[confidence];

    /// <summary>Drafts for each of so many replies; <paramref name="idle"/>: they are written while a pass waits for
    /// storage, and cost no time of their own.</summary>
    public int Length(int slots, int confidence, bool idle = false)
    {
        if (!adaptive) return max;
        double plain = _plain[slots].Seconds;
        if (plain <= 0) return max; // a clock that stands still: every token is free
        double row = RowSeconds(slots), draft = idle ? 0 : _draftSeconds;
        double a = Acceptance(confidence), tokens = 1, power = 1;
        double best = 1 / plain;
        int length = 0;
        for (int k = 1; k <= max; k++)
        {
            power *= a;
            tokens += power;
            double rate = tokens / (plain + k * (slots * row + draft));
            if (rate > best) (best, length) = (rate, k);
        }
        if (length == 0) return Try(confidence);
        (_denied[confidence], _tryAfter[confidence]) = (0, PauseMin);
        return idle && _draftSeconds > 0 ? Math.Clamp((int)(plain / _draftSeconds), 1, length) : length;
    }

    // What is never tried is never found to have become better; but ever more rarely.
    private int Try(int confidence)
    {
        if (++_denied[confidence] < _tryAfter[confidence]) return 0;
        _denied[confidence] = 0;
        _tryAfter[confidence] = Math.Min(2 * _tryAfter[confidence], PauseMax);
        return 1;
    }

    /// <summary>One more draft of each reply was written.</summary>
    public void NoteDraft(double seconds) =>
        _draftSeconds = _draftSeconds == 0 ? seconds : _draftSeconds + 0.1 * (seconds - _draftSeconds);

    public void NoteVerdict(int confidence, int judged, int accepted)
    {
        for (int i = 0; i < judged; i++)
        {
            _accepted[confidence] = _accepted[confidence] * AcceptanceKeep + (i < accepted ? 1 : 0);
            _judged[confidence] = _judged[confidence] * AcceptanceKeep + 1;
        }
    }

    /// <summary>A step of decoding replies alone. Units: seconds, of all and of the drafting before the pass.</summary>
    public void NoteStep(int slots, int drafts, int tokens, double seconds, double draftingSeconds)
    {
        if (drafts == 0)
        {
            _plain[slots].Add(0, tokens, seconds - draftingSeconds, 0);
            _sincePlain = 0;
            return;
        }
        ref StepMean drafted = ref _drafted[slots];
        drafted.Add(drafts, tokens, seconds - draftingSeconds, draftingSeconds);
        _sincePlain++;
        if (++_sincePause > 2 * PauseMin) _pauseNext = PauseMin;
        if (drafted.Count < DraftedLeast || drafted.TokensPerSecond >= _plain[slots].TokensPerSecond) return;
        (_pause, _sincePause) = (_pauseNext, 0);
        _pauseNext = Math.Min(2 * _pauseNext, PauseMax);
        drafted.Forget();
    }

    // What a row more costs: measured, and where passes read storage at least what its bytes cost.
    private double RowSeconds(int slots)
    {
        ref StepMean plain = ref _plain[slots], drafted = ref _drafted[slots];
        double row = drafted.Drafts > 0 ? Math.Max(0, (drafted.Seconds - plain.Seconds) / drafted.Drafts) : 0;
        return sweep() is { Bytes: > 0 } cost
            ? Math.Max(row, plain.Seconds * cost.BytesPerExtraRow / cost.Bytes)
            : row;
    }
}
