namespace Edge.Models.Pack;

/// <summary>Looks for the scale of a group among clippings of its range, each refitted to the codes that it gives and
/// rounded to what the file can hold before it is judged.</summary>
internal unsafe ref struct ScaleSearch(float* w, float* h, int n, int least, int most,
    delegate*<float, float> storable)
{
    /// <summary>Candidates per sign of the scale.</summary>
    private const int Candidates = 12;
    /// <summary>Clippings in a row that gain nothing over the sign's best: further ones seldom do.</summary>
    private const int MissesMax = 3;

    private float _best;
    private float _gain = float.NegativeInfinity;

    /// <summary>The best scale; <paramref name="up"/> and <paramref name="down"/> put the largest weight on the last
    /// code, with the longer side of the codes below and above zero.</summary>
    public float Run(float up, float down)
    {
        var (above, below) = (new Sign(up), new Sign(-down));
        for (int i = 0; i < Candidates && (above.Misses < MissesMax || below.Misses < MissesMax); i += 2)
        {
            if (above.Misses < MissesMax) TryTwo(ref above, i);
            if (below.Misses < MissesMax) TryTwo(ref below, i);
        }
        if (_best == 0) return 0;
        // Once more from the best: its codes are not yet those that its stored scale gives.
        var last = new Sign(_best);
        (Rounding.Sums sums, _) = Rounding.TwoSums(w, h, n, 1 / _best, 1 / _best, least, most);
        Keep(ref last, sums);
        return _best;
    }

    private void TryTwo(ref Sign sign, int i)
    {
        // From the largest weight on the last code to clipping a third of the range (more when there are few codes).
        float step = most == 1 ? 0.065f : 0.035f;
        float first = sign.Start * (1 - i * step), second = sign.Start * (1 - (i + 1) * step);
        (Rounding.Sums a, Rounding.Sums b) = Rounding.TwoSums(w, h, n, 1 / first, 1 / second, least, most);
        Keep(ref sign, a);
        Keep(ref sign, b);
    }

    private void Keep(ref Sign sign, Rounding.Sums sums)
    {
        float fitted = storable(sums.Scale), gain = sums.Gain(fitted);
        if (gain > _gain && fitted != 0) (_best, _gain) = (fitted, gain);
        if (gain > sign.Gain) (sign.Gain, sign.Misses) = (gain, 0);
        else sign.Misses++;
    }

    private struct Sign(float start)
    {
        public readonly float Start = start;
        public float Gain = float.NegativeInfinity;
        public int Misses = 0;
    }
}
