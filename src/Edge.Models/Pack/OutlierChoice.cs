using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models.Pack;

/// <summary>
/// Chooses the weights of a matrix that are kept apart from its digits: those whose removal spares the rest the most
/// error. A group of weights is rounded as it is, and again without its one, two, … heaviest (importance × w²); what
/// the error falls by is the worth of those weights, evenly where several must go together. The worthiest of the whole
/// matrix are taken.
/// <para>Source: SqueezeLLM (arXiv 2306.07629) keeps the largest and the most sensitive weights apart. One measure for
/// both is ours, and so are the kept ones' places: range and sensitivity are weighed by what rounding makes of
/// them.</para>
/// </summary>
internal sealed unsafe class OutlierChoice
{
    /// <summary>Weights of one group that may be kept apart.</summary>
    private const int Depth = 8;
    /// <summary>Removals that are tried in every group; further ones where these are worth it.</summary>
    private const int FirstDepth = 2;
    /// <summary>A group with so many times the usual error may hide several outliers behind each other.</summary>
    private const float Suspicious = 2;
    private const int RowsPerShare = 16;

    private readonly QuantType _from, _values;
    private readonly int _columns, _group, _most;
    private readonly bool _isHalf;
    private readonly long _rowBytes;
    private readonly double _share;
    private readonly Scratch[] _scratch;

    // Of the matrix in progress.
    private byte* _matrix;
    private float* _importance;
    private float[] _scores = [], _errors = [];

    /// <summary><paramref name="to"/>: the type of the digits; <paramref name="share"/>: of a matrix's
    /// weights.</summary>
    public OutlierChoice(QuantType from, QuantType to, long columns, double share, int threads)
    {
        (_from, _columns, _share) = (from, checked((int)columns), share);
        _values = TypeFor(from);
        _rowBytes = QuantTypes.RowBytes(from, columns);
        bool isBlock = to == QuantType.DIGITS4_G32;
        _group = isBlock ? Tiles.Block : Digits.Group;
        _isHalf = isBlock;
        _most = to == QuantType.DIGITS2_G128 ? 1 : to == QuantType.DIGITS3_G128 ? 3 : 7;
        _scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) _scratch[i] = new Scratch(_columns, _group);
    }

    /// <summary>Values keep all bits of a source in half or bfloat16; others are rounded to half.</summary>
    public static QuantType TypeFor(QuantType source) =>
        source == QuantType.BF16 ? QuantType.SPARSE_BF16 : QuantType.SPARSE_F16;

    /// <summary>Weights that are kept apart.</summary>
    public static long Count(long rows, long columns, double share) => (long)(share * rows * columns);

    /// <summary>Words of one matrix's outliers.</summary>
    public static long Words(long rows, long columns, double share) => rows + 1 + Count(rows, columns, share);

    /// <summary>Fills <paramref name="words"/>, <see cref="Words"/> of them, with the outliers of a matrix. Weights
    /// that are no numbers are left to who converts it. Errors: OperationCanceledException.</summary>
    public void Choose(byte* matrix, long rows, float* importance, uint* words, CancellationToken cancel)
    {
        _matrix = matrix;
        _importance = importance;
        int perRow = _columns / _group;
        long groups = rows * perRow;
        Array.Resize(ref _scores, checked((int)(groups * Depth)));
        Array.Resize(ref _errors, (int)groups);
        Array.Clear(_scores);
        Share(rows, (scratch, row) => ScoreRow(scratch, row, FirstDepth, 0, 0), cancel);
        long count = Count(rows, _columns, _share);
        double roots = 0;
        foreach (float error in _errors) roots += Math.Sqrt(error);
        float usual = (float)(roots / groups * (roots / groups)), least = Least(count);
        Share(rows, (scratch, row) => ScoreRow(scratch, row, Depth, least, Suspicious * usual), cancel);
        byte[] taken = Take(count);
        uint next = (uint)rows + 1;
        for (long r = 0; r <= rows; r++)
        {
            words[r] = next;
            for (int g = 0; r < rows && g < perRow; g++) next += taken[r * perRow + g];
        }
        for (long at = next; at < rows + 1 + count; at++) words[at] = 0;
        Share(rows, (scratch, row) => WriteRow(scratch, row, taken, words), cancel);
    }

    private void Share(long rows, Action<Scratch, long> work, CancellationToken cancel)
    {
        long next = 0;
        Parallel.For(0, _scratch.Length, worker =>
        {
            for (long at; (at = Interlocked.Add(ref next, RowsPerShare) - RowsPerShare) < rows;)
            {
                if (cancel.IsCancellationRequested) return;
                for (long row = at; row < Math.Min(rows, at + RowsPerShare); row++) work(_scratch[worker], row);
            }
        });
        cancel.ThrowIfCancellationRequested();
    }

    private bool Load(Scratch scratch, long row)
    {
        fixed (float* weights = scratch.Weights)
            return SourceRows.Decode(_matrix + row * _rowBytes, weights, _columns, _from) == 0;
    }

    /// <summary>Scores the groups of a row whose last score reaches <paramref name="least"/> or whose error
    /// <paramref name="suspicious"/>.</summary>
    private void ScoreRow(Scratch scratch, long row, int depth, float least, float suspicious)
    {
        int perRow = _columns / _group;
        bool isLoaded = false;
        for (int g = 0; g < perRow; g++)
        {
            long group = row * perRow + g;
            Span<float> scores = _scores.AsSpan((int)(group * Depth), Depth);
            bool isDeeper = depth > FirstDepth;
            if (isDeeper && !(scores[FirstDepth - 1] > 0 && scores[FirstDepth - 1] >= least)
                && !(_errors[group] > suspicious)) continue;
            if (!isLoaded && !Load(scratch, row)) return;
            isLoaded = true;
            _errors[group] = ScoreGroup(scratch, g * _group, scores[..depth]);
        }
    }

    /// <summary>What each of the heaviest weights of a group is worth, the worthiest first; returns the group's error
    /// with all of them.</summary>
    private float ScoreGroup(Scratch scratch, int first, Span<float> scores)
    {
        scores.Clear();
        Span<float> weights = scratch.Group, importance = Importance(scratch, first);
        scratch.Weights.AsSpan(first, _group).CopyTo(weights);
        Span<int> order = stackalloc int[Depth];
        int depth = Order(weights, importance, order[..scores.Length]);
        Span<double> gains = stackalloc double[Depth + 1];
        double all = Error(weights, importance, scratch.Codes);
        gains[0] = 0;
        for (int i = 0; i < depth; i++)
        {
            weights[order[i]] = 0;
            gains[i + 1] = all - Error(weights, importance, scratch.Codes);
        }
        for (int at = 0; at < depth;)
        {
            (int best, double slope) = (0, 0);
            for (int to = at + 1; to <= depth; to++)
                if ((gains[to] - gains[at]) / (to - at) is var s && s > slope) (best, slope) = (to, s);
            if (best == 0) break;
            for (; at < best; at++) scores[at] = (float)slope;
        }
        return (float)all;
    }

    private Span<float> Importance(Scratch scratch, int first) =>
        _importance == null ? scratch.Ones : new Span<float>(_importance + first, _group);

    /// <summary>The heaviest weights that the file can hold, heaviest first; returns how many there are.</summary>
    private int Order(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<int> order)
    {
        Span<float> heaviest = stackalloc float[Depth];
        int count = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            float heft = importance[i] * weights[i] * weights[i];
            if (!(heft > 0) || count == order.Length && heft <= heaviest[count - 1]) continue;
            if (!float.IsFinite(SparseScalar.Value(Entry(weights[i], 0), SparseWeights.FormatOf(_values)))) continue;
            int at = count == order.Length ? count - 1 : count++;
            for (; at > 0 && heaviest[at - 1] < heft; at--)
                (heaviest[at], order[at]) = (heaviest[at - 1], order[at - 1]);
            (heaviest[at], order[at]) = (heft, i);
        }
        return count;
    }

    private double Error(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<sbyte> codes)
    {
        ReadOnlySpan<float> counts = _importance == null ? [] : importance;
        float scale = Rounding.Fit(weights, counts, codes, -_most - 1, _most, _isHalf);
        var sums = new ErrorSums();
        Rounding.Error(weights, importance, codes, scale, ref sums);
        return sums.Total.Weighted;
    }

    /// <summary>The score that as many as are taken reach; 0 when fewer are worth anything.</summary>
    private float Least(long count)
    {
        float[] worthy = Array.FindAll(_scores, score => score > 0);
        if (count >= worthy.Length) return 0;
        Array.Sort(worthy);
        return worthy[^(int)Math.Max(count, 1)];
    }

    /// <summary>How many weights of each group are taken: <paramref name="count"/> in all, or fewer where no more are
    /// worth anything; of equals the first.</summary>
    private byte[] Take(long count)
    {
        float least = Least(count);
        var taken = new byte[_scores.Length / Depth];
        long equal = count;
        foreach (float score in _scores)
            if (score > least) equal--;
        for (int i = 0; i < _scores.Length; i++)
            if (_scores[i] > least || _scores[i] == least && least > 0 && equal-- > 0) taken[i / Depth]++;
        return taken;
    }

    private void WriteRow(Scratch scratch, long row, byte[] taken, uint* words)
    {
        int perRow = _columns / _group;
        uint* to = words + words[row];
        if (words[row] == words[row + 1] || !Load(scratch, row)) return;
        Span<int> order = stackalloc int[Depth];
        for (int g = 0; g < perRow; g++)
        {
            int count = taken[row * perRow + g], first = g * _group;
            if (count == 0) continue;
            ReadOnlySpan<float> weights = scratch.Weights.AsSpan(first, _group);
            Order(weights, Importance(scratch, first), order[..count]);
            order[..count].Sort();
            for (int i = 0; i < count; i++) *to++ = Entry(weights[order[i]], first + order[i]);
        }
    }

    private uint Entry(float value, int column)
    {
        uint bits = _values == QuantType.SPARSE_F16 ? FloatScalar.ToF16(value)
            : BitConverter.SingleToUInt32Bits(Rounding.ToBF16(value)) >> 16;
        return bits << 16 | (uint)column;
    }

    /// <summary>Of one thread.</summary>
    private sealed class Scratch(int columns, int group)
    {
        public readonly float[] Weights = new float[columns], Group = new float[group],
            Ones = Array.ConvertAll(new float[group], _ => 1f);
        public readonly sbyte[] Codes = new sbyte[group];
    }
}
