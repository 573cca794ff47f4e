using Edge.Weights;
using Edge.Weights.Policies;

namespace Edge.Models.Streaming;

/// <summary>
/// The experts of a model that do not all fit: each layer's chosen ones run in waves, first those that are there, then
/// the others as they come, those with the most rows first. Who leaves is the policy's matter. Waves change when an
/// expert runs, never what it computes: rows are combined in a fixed order afterwards.
/// <para>An expert in two slices runs on HI alone where the mode allows it (<see cref="ExpertChoice"/>); its LO slice
/// is then read when nothing else is.</para>
/// </summary>
internal sealed unsafe class ExpertCache
{
    private const int UpgradesPerLayer = 2;
    private const double LowPatience = 4;
    private static readonly TimeSpan LowLeast = TimeSpan.FromMilliseconds(2), LowMost = TimeSpan.FromMilliseconds(250);

    private readonly Residency _residency;
    private readonly EvictionPolicy _policy;
    private readonly CacheShape _shape;
    private readonly ExpertChoice _choice;
    private readonly PromptWarmUp _warmUp;
    private readonly Foresight _foresight;
    private readonly bool _hasLow;
    // The layer in progress: experts that wait, hottest first; those of the wave; what of each is pinned.
    private readonly int[] _waiting, _slices, _wave, _coarse;
    private readonly SliceSet[] _pins;
    private int _waitingCount, _waveCount, _coarseCount;
    private int _layer = -1;

    public ExpertCache(
        Residency residency, EvictionPolicy policy, CacheShape shape, ExpertMode mode, ForesightUse foresight,
        bool hasLow)
    {
        (_residency, _policy, _shape, _hasLow) = (residency, policy, shape, hasLow);
        _choice = new ExpertChoice(residency, shape, mode, hasLow);
        _foresight = new Foresight(residency, shape, foresight, hasLow);
        _warmUp = new PromptWarmUp(residency, shape, residency.Statistics.Slots, hasLow);
        _waiting = new int[shape.Experts];
        _slices = new int[shape.Experts];
        _wave = new int[shape.Experts];
        _coarse = new int[shape.Experts];
        _pins = new SliceSet[shape.Experts];
    }

    public long Passes { get; private set; }
    public long Choices { get; private set; }
    public long Degraded { get; private set; }
    public long Dropped => _choice.Dropped;
    /// <summary>Experts that ran coarse because LO was late.</summary>
    public long Late { get; private set; }
    public long ForeseenChoices => _foresight.Choices;
    public long ForeseenRight => _foresight.Right;
    /// <summary>Whether the pass wants to hear guesses: a prompt's chunk uses most experts anyway.</summary>
    public bool Foresees => _foresight.IsOn && _choice.IsDecode;

    /// <summary>What a row will likely want in a layer to come, best first.</summary>
    public void Guess(int layer, ReadOnlySpan<int> experts) => _foresight.Guess(layer, experts);

    /// <summary>A pass begins.</summary>
    public void Begin(Batch batch)
    {
        Passes++;
        _choice.IsDecode = batch.WantedCount == batch.Count;
        bool isNew = batch.Positions.Contains(0);
        _warmUp.Begin(_choice.IsDecode, isNew);
        // The policy is told once, however many sequences start together.
        if (isNew) _policy.BeginSequence();
    }

    /// <summary>May prefer experts that are there, before a row's are chosen.</summary>
    public void BeforeRoute(int layer, float* logits) => _choice.Prefer(layer, logits);

    /// <summary>Tells the policy what a row chose from its probabilities.</summary>
    public void AfterRoute(int layer, int position, float* scores, Routing routing, int row, bool renormalise)
    {
        _choice.Restore(scores, routing, row, renormalise);
        AfterOwnRule(layer, position, scores, routing, row);
    }

    /// <summary>As <see cref="AfterRoute"/>, for an architecture's own rule, which prefers nothing.</summary>
    public void AfterOwnRule(int layer, int position, float* scores, Routing routing, int row)
    {
        int at = row * routing.Used;
        Choices += routing.Used;
        var experts = new ReadOnlySpan<int>(routing.Experts + at, routing.Used);
        _foresight.Meet(layer, experts);
        _policy.Route(new RoutedRow
        {
            Token = position, Layer = layer, Scores = new ReadOnlySpan<float>(scores, _shape.Experts),
            Experts = experts,
            Weights = new ReadOnlySpan<float>(routing.Weights + at, routing.Used),
            Wanted = _choice.WantsOf(layer, routing, row),
        });
    }

    /// <summary>Pins the next experts and makes them the wave; false when all of the layer have run. Errors:
    /// WeightReadException.</summary>
    public bool NextWave(int layer, Routing routing)
    {
        if (_layer < 0) Open(layer, routing);
        else EndWave();
        // Pinned before anything else is asked for, which may drive out what is not.
        TakeReady(routing);
        long landings = _residency.Landings;
        Ask();
        while (_waveCount == 0 && _waitingCount > 0)
        {
            if (!AwaitOne()) _residency.AwaitLanding(landings);
            TakeReady(routing);
            landings = _residency.Landings;
            Ask();
        }
        if (_waveCount == 0)
        {
            _foresight.Continue();
            Upgrade();
            _warmUp.Continue();
            _layer = -1;
            return false;
        }
        // All that the layer wants is there: storage is idle while it is computed.
        if (_waitingCount == 0) _foresight.Continue();
        routing.BeginWave();
        for (int i = 0; i < _waveCount; i++) routing.AddToWave(_wave[i]);
        return true;
    }

    /// <summary>After a pass that failed: the residency has let go of all pins.</summary>
    public void Reset()
    {
        (_layer, _waitingCount, _waveCount, _coarseCount) = (-1, 0, 0, 0);
        Array.Clear(_pins);
        _foresight.Clear();
    }

    private int Hi(int expert) => CacheShape.Hi(_shape.Unit(_layer, expert));
    private int Lo(int expert) => CacheShape.Lo(_shape.Unit(_layer, expert));
    private bool Needs(int expert, SliceSet slice) => (_choice.Need(expert) & slice) != 0;
    private bool Holds(int expert, SliceSet slice) => (_pins[expert] & slice) != 0;

    private void Open(int layer, Routing routing)
    {
        _layer = layer;
        _coarseCount = 0;
        _warmUp.Count(layer, routing);
        _waitingCount = _choice.Sort(layer, routing, _waiting);
        int hits = 0;
        for (int i = 0; i < _waitingCount; i++)
        {
            int e = _waiting[i];
            if (_residency.IsReady(Hi(e)) && (!Needs(e, SliceSet.Lo) || _residency.IsReady(Lo(e)))) hits++;
        }
        _residency.Count(hits, _waitingCount - hits);
    }

    /// <summary>Pins what is there of those that wait; who has all that it needs joins the wave, with LO too where that
    /// happens to be there.</summary>
    private void TakeReady(Routing routing)
    {
        int left = 0;
        for (int i = 0; i < _waitingCount; i++)
        {
            int e = _waiting[i];
            TryHold(e, SliceSet.Hi, Hi(e));
            if (_hasLow && Holds(e, SliceSet.Hi)) TryHold(e, SliceSet.Lo, Lo(e));
            if ((_choice.Need(e) & ~_pins[e]) != 0)
            {
                _waiting[left++] = e;
                continue;
            }
            _wave[_waveCount++] = e;
            if (!_hasLow || Holds(e, SliceSet.Lo)) continue;
            Degraded += routing.CountOf(e);
            _coarse[_coarseCount++] = e;
        }
        _waitingCount = left;
    }

    private void TryHold(int expert, SliceSet slice, int number)
    {
        if (!Holds(expert, slice) && _residency.TryPin(number)) _pins[expert] |= slice;
    }

    /// <summary>Asks for as much of what is missing as slots allow, in the order of need: HI of all, then LO, where
    /// experts may go on without it; else each expert whole. Slots of the wave are pinned: it goes on after
    /// it.</summary>
    private void Ask()
    {
        if (!_choice.MayRunCoarse)
        {
            for (int i = 0; i < _waitingCount; i++)
                if (!Ask(i, SliceSet.Hi, Hi(_waiting[i])) || !Ask(i, SliceSet.Lo, Lo(_waiting[i]))) return;
            return;
        }
        for (int i = 0; i < _waitingCount; i++)
            if (!Ask(i, SliceSet.Hi, Hi(_waiting[i]))) return;
        for (int i = 0; i < _waitingCount; i++)
            if (!Ask(i, SliceSet.Lo, Lo(_waiting[i]))) return;
    }

    /// <summary>Where slots are short, those that wait longest from now give up what they hold: the first always gets
    /// all it needs.</summary>
    private bool Ask(int index, SliceSet slice, int number)
    {
        int expert = _waiting[index];
        if (!Needs(expert, slice) || Holds(expert, slice)) return true;
        int last = _waitingCount - 1;
        while (!_residency.Want(number, ReadPriority.Demand))
        {
            while (last > index && _pins[_waiting[last]] == SliceSet.None) last--;
            if (last <= index) return false;
            LetGo(_waiting[last]);
        }
        return true;
    }

    /// <summary>Waits until one of those that were asked for is there; false when none is on its way.</summary>
    private bool AwaitOne()
    {
        int coming = 0;
        bool waitsForLow = _choice.MayRunCoarse;
        for (int i = 0; i < _waitingCount; i++)
        {
            int e = _waiting[i];
            waitsForLow &= Holds(e, SliceSet.Hi);
            // HI first: an expert waits for LO only when that is all it lacks.
            int next = Holds(e, SliceSet.Hi) ? Lo(e) : Hi(e);
            // Asked once more: what comes as a hint may fail unnoticed.
            if (_residency.IsComing(next) && _residency.Want(next, ReadPriority.Demand)) _slices[coming++] = next;
        }
        if (coming == 0) return false;
        if (!waitsForLow) _residency.WaitAny(_slices.AsSpan(0, coming));
        else if (_residency.WaitAny(_slices.AsSpan(0, coming), LowLimit()) < 0) GoOnCoarse();
        return true;
    }

    /// <summary>How long LO is waited for when it is all that experts lack: some times what a slice usually takes.
    /// </summary>
    private TimeSpan LowLimit()
    {
        TimeSpan limit = LowPatience * _residency.MeanLanding;
        return limit < LowLeast ? LowLeast : limit > LowMost ? LowMost : limit;
    }

    /// <summary>LO is late: those that wait run on HI.</summary>
    private void GoOnCoarse()
    {
        for (int i = 0; i < _waitingCount; i++)
        {
            _choice.RunCoarse(_waiting[i]);
            _residency.Demote(Lo(_waiting[i]));
            Late++;
        }
    }

    private void EndWave()
    {
        for (int i = 0; i < _waveCount; i++) LetGo(_wave[i]);
        _waveCount = 0;
    }

    private void LetGo(int expert)
    {
        if (Holds(expert, SliceSet.Hi)) _residency.Unpin(Hi(expert));
        if (Holds(expert, SliceSet.Lo)) _residency.Unpin(Lo(expert));
        _pins[expert] = SliceSet.None;
    }

    /// <summary>Asks for the LO slices of what ran coarse, when storage has nothing else to do.</summary>
    private void Upgrade()
    {
        for (int i = 0; i < Math.Min(_coarseCount, UpgradesPerLayer) && _residency.IsIdle; i++)
            _residency.Want(Lo(_coarse[i]), ReadPriority.Idle);
    }
}
