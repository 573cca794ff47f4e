namespace Edge.Text;

/// <summary>
/// All readings of a text side by side, one set per byte of the token that is being tried: level 0 is the text so
/// far, level n the text with n bytes more. Frames form a tree that grows upwards and is cut back when the walk
/// turns. Allocates only when made.
/// </summary>
internal sealed class ThreadSets
{
    /// <summary>Spaces: the white space run so far. Frame: the innermost frame, -1 for none.</summary>
    private record struct Thread(int State, int Count, int Spaces, int Frame);

    /// <summary>Where to come back and with which count. Cost: bytes to close this frame and all below; Depth counts
    /// from 1.</summary>
    private readonly record struct Frame(int Parent, int Return, int Count, int Cost, int Depth);

    private const int ThreadsMax = GrammarLimits.ThreadsMax;
    private const int FramesMax = (ThreadsMax * (GrammarLimits.FramesMax + GrammarLimits.TokenBytesMax)) + ThreadsMax;

    private readonly Automaton _automaton;
    private readonly ClosingCosts _costs;
    private readonly Thread[] _threads;
    private readonly int[] _counts;
    private readonly int[] _tops;
    private Frame[] _frames = new Frame[FramesMax];
    private Frame[] _spare = new Frame[FramesMax];
    private int _top;

    public ThreadSets(Automaton automaton, ClosingCosts costs, int longestToken)
    {
        (_automaton, _costs) = (automaton, costs);
        _threads = new Thread[(longestToken + 1) * ThreadsMax];
        _counts = new int[longestToken + 1];
        _tops = new int[longestToken + 1];
        Reset();
    }

    /// <summary>Thread steps since it was last set to zero.</summary>
    public int Steps { get; set; }

    public void Reset()
    {
        _threads[0] = new Thread(_automaton.Start, 0, 0, -1);
        _counts[0] = 1;
        _tops[0] = 0;
    }

    /// <summary>Reads one byte from a level into the next; returns the readings that are left.</summary>
    public int Step(int level, byte symbol)
    {
        var symbolClass = _automaton.ClassOf[symbol];
        _top = _tops[level];
        _counts[level + 1] = 0;
        var from = level * ThreadsMax;
        for (var i = from; i < from + _counts[level]; i++)
            Advance(_threads[i], symbolClass, level + 1);
        _tops[level + 1] = _top;
        return _counts[level + 1];
    }

    private void Advance(Thread thread, byte symbolClass, int level)
    {
        var (state, count, spaces, frame) = thread;
        while (true)
        {
            Steps++;
            var next = _automaton.Next[(state * _automaton.Classes) + symbolClass];
            if (next >= 0)
                Land(next, count, spaces, frame, level);
            ref readonly var s = ref _automaton.States[state];
            switch (s.Jump)
            {
                case Jump.None:
                    return;
                case Jump.Return:
                    if (frame < 0)
                        return;
                    (state, count, spaces, frame) = (_frames[frame].Return, _frames[frame].Count, 0,
                        _frames[frame].Parent);
                    break;
                case Jump.Goto:
                    state = s.A;
                    break;
                case Jump.Call:
                    frame = Push(s.B, s.C < 0 ? count + 1 : s.C, frame);
                    if (frame < 0)
                        return;
                    (state, count, spaces) = (s.A, 0, 0);
                    break;
                case Jump.Gate:
                    state = count < s.Min ? s.A : count < s.Max ? s.B : s.C;
                    break;
                default:
                    for (var i = s.A; i < s.A + s.B; i++)
                        Advance(new Thread(_automaton.Forks[i], count, spaces, frame), symbolClass, level);
                    return;
            }
        }
    }

    /// <summary>-1: too deep, or nothing could follow the value.</summary>
    private int Push(int returnTo, int count, int parent)
    {
        var (depth, below) = parent < 0 ? (0, 0) : (_frames[parent].Depth, _frames[parent].Cost);
        var cost = _costs.At(returnTo, count, depth);
        if (depth >= GrammarLimits.FramesMax || cost >= GrammarLimits.Never || _top >= FramesMax)
            return -1;
        _frames[_top] = new Frame(parent, returnTo, count, Math.Min(cost + below, GrammarLimits.Never), depth + 1);
        return _top++;
    }

    private void Land(int next, int count, int spaces, int frame, int level)
    {
        var state = next & Automaton.StateMask;
        if ((next & Automaton.CountFlag) != 0)
            count++;
        spaces = (next & Automaton.SpaceFlag) != 0 ? spaces + 1 : 0;
        if (spaces > GrammarLimits.IndentMax
            || _costs.At(state, count, frame < 0 ? 0 : _frames[frame].Depth) >= GrammarLimits.Never)
            return;
        var thread = new Thread(state, count, spaces, frame);
        var set = _threads.AsSpan(level * ThreadsMax, ThreadsMax);
        ref var size = ref _counts[level];
        for (var i = 0; i < size; i++)
        {
            if (set[i].State == state && set[i].Count == count && set[i].Spaces == spaces
                && SameFrames(set[i].Frame, frame))
                return;
        }
        if (size < ThreadsMax)
        {
            set[size++] = thread;
            return;
        }
        // Dropping a reading only narrows the reply; the one that is cheapest to close always stays.
        var costliest = 0;
        for (var i = 1; i < size; i++)
        {
            if (Cost(set[i]) > Cost(set[costliest]))
                costliest = i;
        }
        if (Cost(thread) < Cost(set[costliest]))
            set[costliest] = thread;
    }

    private bool SameFrames(int a, int b)
    {
        while (a != b)
        {
            if (a < 0 || b < 0 || _frames[a].Return != _frames[b].Return || _frames[a].Count != _frames[b].Count)
                return false;
            (a, b) = (_frames[a].Parent, _frames[b].Parent);
        }
        return true;
    }

    private int Cost(in Thread thread)
    {
        var (depth, below) = thread.Frame < 0 ? (0, 0) : (_frames[thread.Frame].Depth, _frames[thread.Frame].Cost);
        return Math.Min(GrammarLimits.Never, _costs.At(thread.State, thread.Count, depth) + below);
    }

    /// <summary>Least bytes with which some reading of a level can be closed.</summary>
    public int CostToClose(int level)
    {
        var best = GrammarLimits.Never;
        foreach (ref readonly var thread in _threads.AsSpan(level * ThreadsMax, _counts[level]))
            best = Math.Min(best, Cost(thread));
        return best;
    }

    /// <summary>The only reading is inside a free string; room: the characters that still fit.</summary>
    public bool IsFreeText(out int room)
    {
        ref readonly var state = ref _automaton.States[_threads[0].State];
        room = state.Max - _threads[0].Count;
        return _counts[0] == 1 && state.FreeText;
    }

    /// <summary>Some reading of the text so far is whole; Only: nothing can follow any of them.</summary>
    public bool IsWhole(out bool only)
    {
        only = true;
        var whole = false;
        foreach (ref readonly var thread in _threads.AsSpan(0, _counts[0]))
        {
            var ends = thread.Frame < 0 && _automaton.States[thread.State].Jump == Jump.Return;
            whole |= ends;
            only &= ends && _automaton.EdgeFrom[thread.State] == _automaton.EdgeFrom[thread.State + 1];
        }
        only &= whole;
        return whole;
    }

    /// <summary>Makes a level the text so far: keeps only the frames that its readings use.</summary>
    public void Commit(int level)
    {
        var size = _counts[level];
        var top = 0;
        var (copied, copiedTo) = (-2, -1);
        for (var i = 0; i < size; i++)
        {
            var thread = _threads[(level * ThreadsMax) + i];
            if (thread.Frame != copied)
            {
                copied = thread.Frame;
                copiedTo = CopyFrames(thread.Frame, ref top);
            }
            _threads[i] = thread with { Frame = copiedTo };
        }
        (_counts[0], _tops[0]) = (size, top);
        (_frames, _spare) = (_spare, _frames);
    }

    private int CopyFrames(int frame, ref int top)
    {
        if (frame < 0)
            return -1;
        var first = top;
        top += _frames[frame].Depth;
        for (; frame >= 0; frame = _frames[frame].Parent)
        {
            var at = first + _frames[frame].Depth - 1;
            _spare[at] = _frames[frame] with { Parent = at == first ? -1 : at - 1 };
        }
        return top - 1;
    }

    public void CopyTo(ThreadSets other)
    {
        _threads.AsSpan(0, _counts[0]).CopyTo(other._threads);
        _frames.AsSpan(0, _tops[0]).CopyTo(other._frames);
        (other._counts[0], other._tops[0]) = (_counts[0], _tops[0]);
    }

    /// <summary>
    /// Writes what decides the mask of the text so far; returns its length, or -1 when it does not fit. Counts that
    /// are far from their limits are written alike, because no token of <paramref name="longestToken"/> bytes can
    /// tell them apart.
    /// </summary>
    public int WriteKey(Span<int> key, int longestToken)
    {
        var at = 0;
        foreach (ref readonly var thread in _threads.AsSpan(0, _counts[0]))
        {
            var depth = thread.Frame < 0 ? 0 : _frames[thread.Frame].Depth;
            if (at + 4 + (2 * depth) > key.Length)
                return -1;
            key[at++] = thread.State;
            key[at++] = Alike(thread.State, thread.Count, longestToken);
            key[at++] = thread.Spaces;
            key[at++] = depth;
            for (var frame = thread.Frame; frame >= 0; frame = _frames[frame].Parent)
            {
                key[at++] = _frames[frame].Return;
                key[at++] = Alike(_frames[frame].Return, _frames[frame].Count, longestToken);
            }
        }
        return at;
    }

    private int Alike(int state, int count, int longestToken)
    {
        ref readonly var s = ref _automaton.States[state];
        return s.Cost switch
        {
            CostKind.Flat => 0,
            CostKind.Counted when count >= s.Min && s.Max - count > longestToken => s.Min,
            _ => count,
        };
    }
}
