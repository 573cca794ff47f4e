namespace Edge.Engine;

/// <summary>The tokens that may still be drawn, in the order of their ids, with the cuts that need the likeliest ones.
/// A cut finds its last survivor by selection (expected linear time, no sort) on a copy and then keeps all down to it,
/// so the order of ids stays. Survivors are unique: higher value first, lower id on ties. All buffers are made
/// once.</summary>
internal sealed class Candidates(int vocabularySize)
{
    private readonly int[] _ids = new int[vocabularySize];
    private readonly float[] _logits = new float[vocabularySize];
    private readonly double[] _weights = new double[vocabularySize];
    // Selection permutes a copy of indices into the arrays above.
    private readonly int[] _order = new int[vocabularySize];

    public int Count { get; private set; }
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);
    public ReadOnlySpan<double> Weights => _weights.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(int id, float logit)
    {
        _ids[Count] = id;
        _logits[Count++] = logit;
    }

    /// <summary>Weights become e^((logit - highest) / temperature); returns their sum.</summary>
    public double Weigh(double temperature)
    {
        double highest = Highest();
        double sum = 0;
        for (int i = 0; i < Count; i++) sum += _weights[i] = PortableExp.Of((_logits[i] - highest) / temperature);
        return sum;
    }

    public float Highest()
    {
        float highest = float.NegativeInfinity;
        foreach (float logit in _logits.AsSpan(0, Count)) highest = Math.Max(highest, logit);
        return highest;
    }

    public void KeepLikeliest(int k)
    {
        if (k >= Count) return;
        KeepDownTo(LastOf(counted: true, k));
    }

    /// <summary>Keeps the smallest set whose share of all weights reaches <paramref name="share"/>, at least one
    /// token.</summary>
    public void KeepShare(double share)
    {
        if (Count <= 1) return;
        KeepDownTo(LastOf(counted: false, share * Weigh(1)));
    }

    /// <summary>Keeps what is at least <paramref name="fraction"/> as likely as the likeliest.</summary>
    public void KeepFraction(double fraction)
    {
        double highest = Highest();
        int kept = 0;
        for (int i = 0; i < Count; i++)
            if (_logits[i] == highest || PortableExp.Of(_logits[i] - highest) >= fraction) Move(i, kept++);
        Count = kept;
    }

    /// <summary>Draws one token by weight; <paramref name="uniform"/> is within [0, 1).</summary>
    public int Draw(double sum, double uniform)
    {
        double target = uniform * sum;
        double reached = 0;
        int last = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_weights[i] == 0) continue;
            reached += _weights[i];
            last = i;
            if (reached > target) break;
        }
        return _ids[last];
    }

    /// <summary>The weight of a token; 0 for one that was cut.</summary>
    public double WeightOf(int id)
    {
        int at = Ids.BinarySearch(id);
        return at < 0 ? 0 : _weights[at];
    }

    /// <summary>Writes weight / <paramref name="sum"/> of every token, 0 for those that were cut.</summary>
    public void WriteOdds(Span<float> odds, double sum)
    {
        odds.Clear();
        for (int i = 0; i < Count; i++) odds[_ids[i]] = (float)(_weights[i] / sum);
    }

    /// <summary>Weights become what their share of <paramref name="sum"/> has above <paramref name="odds"/>; returns
    /// the sum of those.</summary>
    public double Subtract(ReadOnlySpan<float> odds, double sum)
    {
        double rest = 0;
        for (int i = 0; i < Count; i++) rest += _weights[i] = Math.Max(0, _weights[i] / sum - odds[_ids[i]]);
        return rest;
    }

    // The last candidate, in falling order, with which the sum (of ones, or of weights) reaches the goal.
    private int LastOf(bool counted, double goal)
    {
        for (int i = 0; i < Count; i++) _order[i] = i;
        int from = 0, to = Count;
        var pivots = new SamplerRandom((ulong)Count); // any fixed seed: no input can force the slow case on purpose
        while (to - from > 1)
        {
            int middle = Partition(from, to, from + (int)(pivots.Next() % (ulong)(to - from)));
            double above = counted ? middle - from : WeightOf(from, middle);
            if (goal <= above && middle > from)
            {
                to = middle;
                continue;
            }
            goal -= above + (counted ? 1 : _weights[_order[middle]]);
            if (goal <= 0 || middle + 1 == to) return _order[middle];
            from = middle + 1;
        }
        return _order[from];
    }

    private double WeightOf(int from, int to)
    {
        double sum = 0;
        for (int i = from; i < to; i++) sum += _weights[_order[i]];
        return sum;
    }

    // Likelier than the pivot to its left, the others to its right; returns where the pivot stands.
    private int Partition(int from, int to, int pivotAt)
    {
        int pivot = _order[pivotAt];
        _order[pivotAt] = _order[to - 1];
        int store = from;
        for (int i = from; i < to - 1; i++)
            if (Precedes(_order[i], pivot)) (_order[store], _order[i]) = (_order[i], _order[store++]);
        _order[to - 1] = _order[store];
        _order[store] = pivot;
        return store;
    }

    private bool Precedes(int i, int j) =>
        _logits[i] > _logits[j] || (_logits[i] == _logits[j] && i < j);

    private void KeepDownTo(int last)
    {
        float logit = _logits[last];
        int kept = 0;
        for (int i = 0; i < Count; i++)
            if (_logits[i] > logit || (_logits[i] == logit && i <= last)) Move(i, kept++);
        Count = kept;
    }

    private void Move(int from, int to)
    {
        _ids[to] = _ids[from];
        _logits[to] = _logits[from];
    }
}
