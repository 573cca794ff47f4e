namespace Edge.Text;

/// <summary>
/// For every state the least number of bytes to the end of its value, and the frames that this way needs. With one
/// token per byte it is an upper bound of the tokens, and every byte of the way lowers it by one: so a reply that
/// starts within its budget can always be closed. Source: shortest paths by repeated sweeps; a value that no finite
/// text closes stays at <see cref="GrammarLimits.Never"/>.
/// </summary>
internal sealed class ClosingCosts
{
    private const int SweepsMax = 600;

    private readonly Automaton _automaton;
    /// <summary>Bytes of the vocabulary below a value, so that a range is a subtraction.</summary>
    private readonly int[] _bytesBelow = new int[257];
    private readonly int[] _bytes;
    private readonly int[] _frames;
    private readonly int[][] _restBytes;
    private readonly int[][] _restFrames;
    private readonly bool[][] _spellable;
    private readonly int _character;

    /// <summary>Costs over the bytes that the vocabulary has as tokens of their own.</summary>
    public ClosingCosts(Automaton automaton, ReadOnlySpan<bool> available)
    {
        _automaton = automaton;
        for (var b = 0; b < 256; b++)
            _bytesBelow[b + 1] = _bytesBelow[b] + (available[b] ? 1 : 0);
        _character = Has(0x20, 0x21) || Has(0x23, 0x5B) || Has(0x5D, 0x7F) ? 1 : GrammarLimits.Never;
        _bytes = new int[automaton.States.Length];
        _frames = new int[automaton.States.Length];
        Array.Fill(_bytes, GrammarLimits.Never);
        _restBytes = [.. automaton.Objects.Select(shape => Enumerable.Repeat(GrammarLimits.Never, shape.Count + 1)
            .ToArray())];
        _restFrames = [.. automaton.Objects.Select(shape => new int[shape.Count + 1])];
        _spellable = [.. automaton.Objects.Select(shape => shape.Names.Select(Spellable).ToArray())];
        Converge();
    }

    /// <summary>False: gave up before the shortest ways were found; the costs must not be used.</summary>
    public bool Converged { get; private set; }

    /// <summary>Bytes to the end of the value, or Never where there is no way within the frames that are
    /// left.</summary>
    public int At(int state, int count, int depth)
    {
        ref readonly var s = ref _automaton.States[state];
        switch (s.Cost)
        {
            case CostKind.Flat:
                return depth + _frames[state] <= GrammarLimits.FramesMax ? _bytes[state] : GrammarLimits.Never;
            case CostKind.Counted:
                return depth + _frames[state] <= GrammarLimits.FramesMax ? Counted(state, s, count)
                    : GrammarLimits.Never;
            case CostKind.Rest:
                return _restBytes[s.Owner][count];
            default:
                return Key(s, count, depth).Bytes;
        }
    }

    private int Counted(int state, in State s, int count)
    {
        var missing = s.Min - count - s.Pending;
        if (missing <= 0)
            return _bytes[state];
        var unit = s.Owner < 0 ? _character : 1 + _bytes[s.Owner];
        return (int)Math.Min(GrammarLimits.Never, _bytes[state] + (long)missing * unit);
    }

    /// <summary>The cheapest name that may come, with its value and all that must follow; and the frames of that
    /// way.</summary>
    private (int Bytes, int Frames) Key(in State s, int count, int depth)
    {
        var shape = _automaton.Objects[s.Owner];
        var (rest, restFrames, last) = (_restBytes[s.Owner], _restFrames[s.Owner], shape.NextRequired[count]);
        var best = (Bytes: GrammarLimits.Never, Frames: 0);
        for (var i = s.KeyFrom; i < s.KeyTo; i++)
        {
            var property = shape.SortedKeys[i];
            if (property < count || property > last || !_spellable[s.Owner][property])
                continue;
            var value = shape.Values[property];
            var bytes = Sum(shape.KeyBytes[property] - s.KeyDepth, Sum(_bytes[value], rest[property + 1]));
            if (bytes < best.Bytes && depth + 1 + _frames[value] <= GrammarLimits.FramesMax)
                best = (bytes, Math.Max(1 + _frames[value], restFrames[property + 1]));
        }
        if (s.Extra && last == shape.Count && depth + _frames[shape.ExtraStart] <= GrammarLimits.FramesMax)
        {
            var bytes = Sum(1 - s.KeyDepth, _bytes[shape.ExtraStart]);
            if (bytes < best.Bytes)
                best = (bytes, _frames[shape.ExtraStart]);
        }
        return best;
    }

    private bool Has(int lo, int hi) => _bytesBelow[hi + 1] > _bytesBelow[lo];

    private bool Spellable(byte[] name)
    {
        foreach (var b in name)
        {
            if (!Has(b, b))
                return false;
        }
        return Has(':', ':');
    }

    private static int Sum(int a, int b) => Math.Min(GrammarLimits.Never, a + b);

    private void Converge()
    {
        for (var sweep = 0; sweep < SweepsMax && !Converged; sweep++)
        {
            // Values are mostly built front to back, so backward sweeps settle them; forward ones catch the rest.
            var changed = false;
            for (var i = _bytes.Length - 1; i >= 0; i--)
                changed |= Improve(sweep % 4 == 3 ? _bytes.Length - 1 - i : i);
            for (var shape = 0; shape < _restBytes.Length; shape++)
                changed |= ImproveRest(shape);
            Converged = !changed;
        }
    }

    private bool Improve(int state)
    {
        var best = (Bytes: _bytes[state], Frames: _frames[state]);
        ref readonly var s = ref _automaton.States[state];
        if (s.Cost == CostKind.Rest)
            return false;
        if (s.Cost == CostKind.Key)
        {
            Take(ref best, Key(s, 0, 0));
        }
        else
        {
            for (var e = _automaton.EdgeFrom[state]; e < _automaton.EdgeFrom[state + 1]; e++)
            {
                ref readonly var edge = ref _automaton.Edges[e];
                var to = edge.To & Automaton.StateMask;
                if (Has(edge.Lo, edge.Hi))
                    Take(ref best, (Sum(1, s.Cost == CostKind.Flat ? Enter(to) : _bytes[to]), _frames[to]));
            }
            TakeJump(ref best, s);
        }
        if (best.Bytes >= _bytes[state])
            return false;
        (_bytes[state], _frames[state]) = best;
        return true;
    }

    /// <summary>The cost of a state with which a value begins: nothing is counted yet.</summary>
    private int Enter(int state) => _automaton.States[state].Cost is CostKind.Counted ? At(state, 0, 0) : _bytes[state];

    private void TakeJump(ref (int Bytes, int Frames) best, in State s)
    {
        switch (s.Jump)
        {
            case Jump.Return:
                Take(ref best, (0, 0));
                break;
            case Jump.Goto:
                Take(ref best, (Enter(s.A), _frames[s.A]));
                break;
            case Jump.Call:
                var back = _automaton.States[s.B].Cost == CostKind.Rest ? _restBytes[_automaton.States[s.B].Owner][s.C]
                    : _bytes[s.B];
                Take(ref best, (Sum(_bytes[s.A], back), Math.Max(1 + _frames[s.A], _frames[s.B])));
                break;
            case Jump.Fork:
                for (var i = s.A; i < s.A + s.B; i++)
                    Take(ref best, (_bytes[_automaton.Forks[i]], _frames[_automaton.Forks[i]]));
                break;
            case Jump.Gate:
                Take(ref best, (_bytes[s.B], _frames[s.B]));
                Take(ref best, (_bytes[s.C], _frames[s.C]));
                break;
        }
    }

    private static void Take(ref (int Bytes, int Frames) best, (int Bytes, int Frames) other)
    {
        if (other.Bytes < best.Bytes)
            best = other;
    }

    /// <summary>From the end: the closing bracket, and before it each required property with its comma.</summary>
    private bool ImproveRest(int index)
    {
        var shape = _automaton.Objects[index];
        var (bytes, frames) = (_restBytes[index], _restFrames[index]);
        var changed = false;
        for (var i = shape.Count; i >= 0; i--)
        {
            var (cost, need) = (Has('}', '}') ? 1 : GrammarLimits.Never, 0);
            if (i < shape.Count)
                (cost, need) = (bytes[i + 1], frames[i + 1]);
            if (i < shape.Count && shape.Required[i])
            {
                var value = shape.Values[i];
                var name = _spellable[index][i] && Has(',', ',') ? 1 + shape.KeyBytes[i] : GrammarLimits.Never;
                cost = Sum(cost, Sum(name, _bytes[value]));
                need = Math.Max(need, 1 + _frames[value]);
            }
            if (cost >= bytes[i])
                continue;
            (bytes[i], frames[i]) = (cost, need);
            changed = true;
        }
        return changed;
    }
}
